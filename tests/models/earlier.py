"""The models of earlier code, written plainly on top of `transformers`, and the files that their code saved.

Sources: github.com/dtsip/in-context-learning (GPT-2 alone) and
github.com/in-context-learning-2024/in-context (GPT-2, LLaMA, Mamba and the hybrids).
"""

from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import GPT2Config, GPT2Model, LlamaConfig, LlamaModel, MambaConfig, MambaModel
from transformers.models.gpt2.modeling_gpt2 import GPT2MLP, GPT2Attention, GPT2Block
from transformers.models.llama.modeling_llama import (
    LlamaAttention,
    LlamaMLP,
    LlamaRMSNorm,
    LlamaRotaryEmbedding,
)
from transformers.models.mamba.modeling_mamba import MambaBlock, MambaMixer

WIDTH, HEADS, POSITIONS = 32, 4, 101
NO_TOKENS = {"pad_token_id": None, "bos_token_id": None, "eos_token_id": None}


class Earlier(nn.Module):
    """`_read_in`, a backbone on interleaved tokens, `_read_out` at the x tokens."""

    def __init__(self, backbone: nn.Module, x_dim: int, y_dim: int) -> None:
        super().__init__()
        self._read_in = nn.Linear(x_dim, WIDTH)
        self._backbone = backbone
        self._read_out = nn.Linear(WIDTH, y_dim)

    def forward(self, xs: Tensor, ys: Tensor) -> Tensor:
        batch, points, x_dim = xs.shape
        wide = torch.cat([ys, torch.zeros(batch, points, x_dim - ys.shape[2])], dim=2)
        tokens = torch.stack([xs, wide], dim=2).view(batch, 2 * points, x_dim)
        hidden = self._backbone(inputs_embeds=self._read_in(tokens)).last_hidden_state
        return self._read_out(hidden)[:, ::2]


class Hybrid(nn.Module):
    """Modules in a row; at `residual`, the state at the mark before is added."""

    def __init__(self, names: list[str], **options: Any) -> None:
        super().__init__()
        self.names = names
        self.theta = options.get("rope_theta", 1e4)
        configs = (_llama(**options), _gpt2(), _mamba())
        self.rotary = LlamaRotaryEmbedding(configs[0])
        self.layers = nn.ModuleList(_module(name, *configs) for name in names)

    def forward(self, inputs_embeds: Tensor) -> Any:
        hidden, residual = inputs_embeds, torch.zeros(())
        tokens = hidden.shape[1]
        mask = torch.full((tokens, tokens), torch.finfo(torch.float32).min).triu(1)[None, None]
        positions = torch.arange(tokens)[None]
        for name, layer in zip(self.names, self.layers, strict=True):
            if name == "residual":
                hidden = residual = residual + hidden
            elif name == "absolute positional embedding":
                hidden = hidden + layer.embed(positions)
            elif name.startswith("llama attention"):
                cos, sin = self.rotary(hidden, positions)
                if name.endswith("no rope"):
                    cos, sin = torch.ones_like(cos), torch.zeros_like(sin)
                hidden = layer(hidden, position_embeddings=(cos, sin), attention_mask=mask)[0]
            elif name in ("gpt2 attention", "gpt2 block"):
                out = layer(hidden, attention_mask=mask)
                hidden = out if isinstance(out, Tensor) else out[0]
            else:
                hidden = layer(hidden)
        return type("Output", (), {"last_hidden_state": hidden})


def _gpt2(layers: int = 3) -> GPT2Config:
    return GPT2Config(
        vocab_size=7, n_positions=2 * POSITIONS, n_embd=WIDTH, n_layer=layers, n_head=HEADS, resid_pdrop=0.0,
        embd_pdrop=0.0, attn_pdrop=0.0, attn_implementation="eager", bos_token_id=None, eos_token_id=None,
    )  # fmt: skip


def _llama(layers: int = 3, **options: Any) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=1, max_position_embeddings=2 * POSITIONS, hidden_size=WIDTH, intermediate_size=4 * WIDTH,
        num_hidden_layers=layers, num_attention_heads=HEADS, attn_implementation="eager",
        **NO_TOKENS, **options,
    )  # fmt: skip


def _mamba(layers: int = 3) -> MambaConfig:
    return MambaConfig(
        vocab_size=1, hidden_size=WIDTH, state_size=16, expand=4, num_hidden_layers=layers, **NO_TOKENS
    )


def _module(name: str, llama: LlamaConfig, gpt2: GPT2Config, mamba: MambaConfig) -> nn.Module:
    embedding = nn.Module()
    embedding.embed = nn.Embedding(2 * POSITIONS, WIDTH)
    makers = {
        "residual": nn.Identity,
        "rms norm": lambda: LlamaRMSNorm(WIDTH, eps=llama.rms_norm_eps),
        "layer norm": lambda: nn.LayerNorm(WIDTH, eps=1e-5),
        "absolute positional embedding": lambda: embedding,
        "llama attention": lambda: LlamaAttention(llama, layer_idx=0),
        "llama attention no rope": lambda: LlamaAttention(llama, layer_idx=0),
        "gpt2 attention": lambda: GPT2Attention(gpt2, layer_idx=0),
        "mamba mixer": lambda: MambaMixer(mamba, layer_idx=0),
        "llama mlp": lambda: LlamaMLP(llama),
        "gpt2 mlp": lambda: GPT2MLP(4 * WIDTH, gpt2),
        "gpt2 block": lambda: GPT2Block(gpt2, layer_idx=0),
        "mamba block": lambda: MambaBlock(mamba, layer_idx=0),
    }
    module = makers[name]()
    for mixer in module.modules():
        if isinstance(mixer, MambaMixer):  # which leaves these as memory was, for MambaModel to set
            nn.init.constant_(mixer.A_log, 0.5)
            nn.init.ones_(mixer.D)
    return module


def earlier(
    kind: str, x_dim: int = 20, y_dim: int = 1, names: list[str] | None = None, **options: Any
) -> Earlier:
    """A model of that kind with random weights, far from their initial symmetry."""
    torch.manual_seed(0)
    backbone = {
        "gpt2": lambda: GPT2Model(_gpt2()),
        "llama": lambda: LlamaModel(_llama(**options)),
        "mamba": lambda: MambaModel(_mamba()),
        "hybrid": lambda: Hybrid(names or [], **options),
    }[kind]()
    model = Earlier(backbone, x_dim, y_dim).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return model


class MambaFormer(nn.Module):
    """The stack of Park et al. 2024: LayerNorm, and attention in the place of every second mixer."""

    def __init__(self, mixed: str | None, layers: int = 3) -> None:
        super().__init__()
        self.embedding = nn.Embedding(1, WIDTH)
        attention = [False] * (mixed == "mambaformer") + [
            mixed is not None and i % 2 == 0 for i in range(layers)
        ]
        self.layers = nn.ModuleList()
        for with_attention in attention:
            layer = nn.Module()
            layer.mixer = (
                _LinearAttentionMaps() if with_attention else _module("mamba mixer", None, None, _mamba())
            )
            layer.norm = nn.LayerNorm(WIDTH, eps=1e-5)
            self.layers.append(layer)
        self.norm_f = nn.LayerNorm(WIDTH, eps=1e-5)

    def forward(self, inputs_embeds: Tensor) -> Any:
        hidden = inputs_embeds
        for layer in self.layers:
            hidden = hidden + layer.mixer(layer.norm(hidden))
        return type("Output", (), {"last_hidden_state": self.norm_f(hidden)})


class _LinearAttentionMaps(nn.Module):
    """Causal attention of eight heads."""

    def __init__(self) -> None:
        super().__init__()
        self.c_attn, self.c_proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, h: Tensor) -> Tensor:
        q, k, v = (part.unflatten(2, (8, -1)).transpose(1, 2) for part in self.c_attn(h).chunk(3, dim=2))
        scores = q @ k.transpose(2, 3) / q.shape[3] ** 0.5
        scores = scores.masked_fill(torch.ones_like(scores).triu(1).bool(), float("-inf"))
        return self.c_proj((scores.softmax(3) @ v).transpose(1, 2).flatten(2))


class WithPositions(Earlier):
    """Learned positions outside the backbone, one for each token."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__(backbone, 20, 1)
        self.wpe = nn.Embedding(POSITIONS, WIDTH)
        self._read_in.register_forward_hook(lambda _, __, h: h + self.wpe.weight[: h.shape[1]])


def mambaformer(mixed: str | None) -> Earlier:
    """A model of that code with random weights."""
    torch.manual_seed(0)
    backbone = MambaFormer(mixed)
    model = (WithPositions(backbone) if mixed == "standard" else Earlier(backbone, 20, 1)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return model


def mambaformer_config(family: str, mixed: str | None) -> dict[str, Any]:
    """What that code wrote as config.yaml."""
    config = garg_config(family=family, interleave=True, vocab_size=-1, mixed_attn=mixed)
    config["model"]["n_head"] = 4  # which its attention does not read
    return config


def save_transformers(folder: Path, model: Earlier, names: dict[str, str], pickled: bool = False) -> Path:
    """A folder with the backbone's own config.json and the module's tensors, renamed by their beginnings."""
    model._backbone.config.save_pretrained(folder)
    tensors = {}
    for name, tensor in model.state_dict().items():
        for old, new in names.items():
            name = new + name.removeprefix(old) if name.startswith(old) else name
        tensors[name] = tensor.contiguous()
    if pickled:
        torch.save(tensors, folder / "pytorch_model.bin")
    else:
        save_file(tensors, folder / "model.safetensors")
    return folder


def garg_config(**model: Any) -> dict[str, Any]:
    """What Garg et al.'s code wrote as config.yaml."""
    sizes = {"family": "gpt2", "n_dims": 20, "n_positions": POSITIONS, "n_embd": WIDTH, "n_layer": 3}
    training = {
        "task": "linear_regression", "task_kwargs": {}, "num_tasks": None, "data": "gaussian",
        "batch_size": 64, "learning_rate": 1e-4, "train_steps": 500_001,
        "curriculum": {"dims": {"start": 5, "end": 20, "inc": 1, "interval": 2_000}},
    }  # fmt: skip
    sections = {"model": sizes | {"n_head": HEADS} | model, "training": training}
    return {"out_dir": "../models", "test_run": False, "wandb": {"name": None}} | sections


def save_garg(folder: Path, model: Earlier, config: dict[str, Any] | None) -> Path:
    """`state.pt` as their code wrote it with transformers 4.17, which saved the masks of attention, too."""
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-4)
    weights = model.state_dict()
    mask = torch.ones(2 * POSITIONS, 2 * POSITIONS, dtype=torch.uint8).tril()[None, None]
    for i in range(3 if "_backbone.h.0.ln_1.weight" in weights else 0):
        weights[f"_backbone.h.{i}.attn.bias"] = mask
        weights[f"_backbone.h.{i}.attn.masked_bias"] = torch.tensor(-1e4)
    state = {
        "model_state_dict": weights,
        "optimizer_state_dict": optimiser.state_dict(),
        "train_step": 500_000,
    }
    return _save(folder, "state.pt", state, "config.yaml", config and yaml.safe_dump(config))


def hybrid_config(kind: str, **model: Any) -> dict[str, Any]:
    """What the code of 2024 wrote as config.yml, but for the curriculum."""
    sizes = {"type": kind, "n_positions": POSITIONS, "n_embd": WIDTH, "x_dim": 20, "y_dim": 1}
    if kind != "hybrid":
        sizes["n_layer"] = 3
    return {
        "b_size": 64, "function_class": {"type": "linear regression"}, "loss_fn": {"type": "squared"},
        "model": sizes | {"n_head": HEADS} | model, "optim": {"type": "adam", "lr": 1e-4}, "steps": 500_001,
    }  # fmt: skip


def save_2024(folder: Path, model: Earlier, config: dict[str, Any] | None, bare: bool = False) -> Path:
    """`checkpoint_500000` and config.yml as their code wrote them; older runs saved the bare state dict."""
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-4)
    state = {"model_state_dict": model.state_dict(), "optimizer_state_dict": optimiser.state_dict()}
    ramp = "x_dim: !curriculum\n  start: 5\n  stop: 20\n  step_len: 2000\n  step_size: 1\n"
    content = yaml.safe_dump(config) + ramp if config else None
    return _save(
        folder, "checkpoint_500000", state["model_state_dict"] if bare else state, "config.yml", content
    )


def _save(folder: Path, name: str, state: Any, config_name: str, config: str | None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(state, folder / name)
    if config:
        (folder / config_name).write_text(config)
    return folder / name
