"""The same architecture twice: ours, and the one of `transformers` with the same random weights."""

import torch
from torch import Tensor, nn
from transformers import GPT2Config, GPT2Model, LlamaConfig, LlamaModel, MambaConfig, MambaModel

from icl_bench.models.model import ICLModel
from icl_bench.specs.architecture import NORM_EPSILONS

ENDS = {"read_in", "read_out"}
HYBRID = "llama-rope-swigluless"  # which `transformers` has the parts of


def architecture(name: str, width: int, layers: int, heads: int, hidden: int, **mamba: int) -> dict:
    """The spec of gpt2, llama, llama-rope-swigluless or mamba at any size, as plain data."""
    attention = {"type": "attention", "heads": heads, "bias": name == "gpt2"}
    attention["positions"] = "rope" if name == "llama" else "none"
    norm = "layernorm" if name == "gpt2" else "rmsnorm"
    modules = {
        "gpt2": [attention, {"type": "gelu_mlp", "hidden": hidden}],
        "llama": [attention, {"type": "swiglu", "hidden": hidden}],
        HYBRID: [attention, {"type": "mamba", **mamba}],
        "mamba": [{"type": "mamba", **mamba}],
    }[name]
    return {
        "schema": 1,
        "name": name,
        "width": width,
        "positions": {"type": "learned", "max_tokens": 256} if name == "gpt2" else "none",
        "stem": [{"norm": norm, "module": {"type": "mamba", **mamba}}] if name == HYBRID else [],
        "layers": [{"repeat": layers, "sublayers": [{"norm": norm, "module": module} for module in modules]}],
        "final_norm": norm,
    }


def twin(name: str, width: int, layers: int, heads: int, hidden: int, **mamba: int) -> nn.Module:
    """The model of `transformers` with the same sizes, without vocabulary."""
    if name == "gpt2":
        config = GPT2Config(
            vocab_size=1, n_positions=256, n_embd=width, n_layer=layers, n_head=heads, n_inner=hidden,
            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, layer_norm_epsilon=NORM_EPSILONS["layernorm"],
        )  # fmt: skip
        return GPT2Model(config).eval()
    if name == "llama":
        config = LlamaConfig(
            vocab_size=1, hidden_size=width, intermediate_size=hidden, num_hidden_layers=layers,
            num_attention_heads=heads, max_position_embeddings=512, rms_norm_eps=NORM_EPSILONS["rmsnorm"],
            pad_token_id=None, bos_token_id=None, eos_token_id=None,
        )  # fmt: skip
        return LlamaModel(config).eval()
    if name == HYBRID:
        return _hybrid(width, layers, heads, **mamba)
    config = MambaConfig(
        vocab_size=1, hidden_size=width, state_size=mamba["state"], num_hidden_layers=layers,
        expand=mamba["expand"], conv_kernel=mamba["conv"], layer_norm_epsilon=NORM_EPSILONS["rmsnorm"],
        pad_token_id=None, bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    return MambaModel(config).eval()


class _NoRotation(nn.Module):
    """In place of rotary angles: every one of them is 0."""

    def forward(self, h: Tensor, position_ids: Tensor) -> tuple[Tensor, Tensor]:
        ones = h.new_ones(1, 1, 1)
        return ones, ones - 1


def _hybrid(width: int, layers: int, heads: int, **mamba: int) -> nn.Module:
    """The LLaMA of `transformers` with its Mamba's mixers for feed-forward blocks, one before the stack."""
    model = twin("llama", width, layers, heads, hidden=1)
    first, *others = twin("mamba", width, layers + 1, heads, hidden=1, **mamba).layers
    for layer, other in zip(model.layers, others, strict=True):
        layer.mlp = other.mixer
    model.stem, model.rotary_emb = first, _NoRotation()
    return model.eval()


def copy_weights(source: nn.Module, model: ICLModel) -> None:
    """Load the weights of a `transformers` model into ours; every tensor of the stack is set."""
    weights = {name: tensor.detach().clone() for name, tensor in source.state_dict().items()}
    translate = {GPT2Model: _from_gpt2, LlamaModel: _from_llama, MambaModel: _from_mamba}[type(source)]
    translated = (_from_hybrid if hasattr(source, "stem") else translate)(weights, len(model.layers))
    missing, unexpected = model.load_state_dict(translated, strict=False)
    assert not unexpected
    assert {name.split(".")[0] for name in missing} == ENDS


def stack(model: ICLModel, h: Tensor) -> Tensor:
    """Our model between read-in and read-out: what the `transformers` models compute from embeddings."""
    h = model.positions(h)
    for sublayer in model.stem:
        h = sublayer(h)
    for layer in model.layers:
        for sublayer in layer:
            h = sublayer(h)
    return model.final_norm(h)


def twin_stack(source: nn.Module, h: Tensor) -> Tensor:
    """What the model of `transformers` computes from embeddings."""
    h = source.stem(h) if hasattr(source, "stem") else h
    return source(inputs_embeds=h, use_cache=False).last_hidden_state


def _from_gpt2(weights: dict[str, Tensor], layers: int) -> dict[str, Tensor]:
    ours = {"positions.weight": weights["wpe.weight"]}
    ours |= {f"final_norm.{part}": weights[f"ln_f.{part}"] for part in ("weight", "bias")}
    names = {
        "0.norm": "ln_1", "0.module.qkv": "attn.c_attn", "0.module.out": "attn.c_proj",
        "1.norm": "ln_2", "1.module.inner": "mlp.c_fc", "1.module.out": "mlp.c_proj",
    }  # fmt: skip
    for i in range(layers):
        for name, theirs in names.items():
            matrix = weights[f"h.{i}.{theirs}.weight"]  # Conv1D keeps its matrices transposed
            ours[f"layers.{i}.{name}.weight"] = matrix if "ln" in theirs else matrix.T
            ours[f"layers.{i}.{name}.bias"] = weights[f"h.{i}.{theirs}.bias"]
    return ours


def _from_llama(weights: dict[str, Tensor], layers: int) -> dict[str, Tensor]:
    ours = _attention_of_llama(weights, layers)
    for i in range(layers):
        gate, up, down = (weights[f"layers.{i}.mlp.{part}_proj.weight"] for part in ("gate", "up", "down"))
        ours[f"layers.{i}.1.module.gate_up.weight"] = torch.cat([gate, up])
        ours[f"layers.{i}.1.module.out.weight"] = down
    return ours


def _from_hybrid(weights: dict[str, Tensor], layers: int) -> dict[str, Tensor]:
    ours = _attention_of_llama(weights, layers) | _mixer(weights, "stem.mixer", "stem.0.module")
    ours["stem.0.norm.weight"] = weights["stem.norm.weight"]
    for i in range(layers):
        ours |= _mixer(weights, f"layers.{i}.mlp", f"layers.{i}.1.module")
    return ours


def _from_mamba(weights: dict[str, Tensor], layers: int) -> dict[str, Tensor]:
    ours = {"final_norm.weight": weights["norm_f.weight"]}
    for i in range(layers):
        ours[f"layers.{i}.0.norm.weight"] = weights[f"layers.{i}.norm.weight"]
        ours |= _mixer(weights, f"layers.{i}.mixer", f"layers.{i}.0.module")
    return ours


def _attention_of_llama(weights: dict[str, Tensor], layers: int) -> dict[str, Tensor]:
    """Its norms and attention."""
    ours = {"final_norm.weight": weights["norm.weight"]}
    for i in range(layers):
        attention = [weights[f"layers.{i}.self_attn.{part}_proj.weight"] for part in "qkv"]
        ours |= {
            f"layers.{i}.0.norm.weight": weights[f"layers.{i}.input_layernorm.weight"],
            f"layers.{i}.0.module.qkv.weight": torch.cat(attention),
            f"layers.{i}.0.module.out.weight": weights[f"layers.{i}.self_attn.o_proj.weight"],
            f"layers.{i}.1.norm.weight": weights[f"layers.{i}.post_attention_layernorm.weight"],
        }
    return ours


def _mixer(weights: dict[str, Tensor], theirs: str, ours: str) -> dict[str, Tensor]:
    names = {
        "in_proj.weight": "inner.weight", "conv1d.weight": "conv.weight", "conv1d.bias": "conv.bias",
        "x_proj.weight": "select.weight", "dt_proj.weight": "step.weight", "dt_proj.bias": "step.bias",
        "A_log": "A_log", "D": "D", "out_proj.weight": "out.weight",
    }  # fmt: skip
    return {f"{ours}.{name}": weights[f"{theirs}.{other}"] for other, name in names.items()}
