"""The blocks of the zoo: training steps over those of llama, and fast forms over step forms, as ratios."""

import statistics
from collections.abc import Callable
from functools import partial

import torch
from performance.timing import paired_seconds, ratio
from torch import Tensor, nn

from icl_bench.blocks.token_mixer import TokenMixer
from icl_bench.models.initialise import initialise
from icl_bench.models.model import ICLModel
from icl_bench.models.shipped import shipped_spec

SUITE = "mini-v1"
LIKE = "reference/llama"  # as many parameters
WIDTH, BATCH, LONG = 64, 64, 139  # of the stream; prompts of a training step; tokens of the forms


def built(name: str) -> ICLModel:
    """A shipped architecture at mini size with its initial weights."""
    model = ICLModel(shipped_spec(name, SUITE).to_dict(), d=5, k=1, task=f"{SUITE}/linear_regression")
    initialise(model, torch.Generator().manual_seed(0))
    return model


def cells(name: str) -> list[str]:
    """Of one architecture: a training step of 33 and of 49 tokens over llama's, how many times as fast its
    mixer is as its step form with one prompt and with many, and as transformers' where that has it."""
    model, like = built(name), built(LIKE)
    mixers = [part for part in model.modules() if isinstance(part, TokenMixer)]
    figures = [f"{_step_ratio(model, like, tokens):.2f}" for tokens in (33, 49)]
    theirs = TRANSFORMERS.get(name)
    figures += [f"{_form_ratio(mixers[0], batch):.1f}" for batch in (1, BATCH)]
    return [*figures, f"{theirs():.1f}" if theirs else "-"]


def _step_ratio(model: ICLModel, like: ICLModel, tokens: int) -> float:
    points = (tokens + 1) // 2
    xs, ys = torch.randn(BATCH, points, 5), torch.randn(BATCH, points, 1)
    pairs = paired_seconds(*(lambda of=each: of(xs, ys).square().mean().backward() for each in (model, like)))
    return statistics.median(ours / theirs for ours, theirs in pairs)


def _form_ratio(mixer: TokenMixer, batch: int) -> float:
    h = torch.randn(batch, LONG, WIDTH)

    def run(form: Callable[[Tensor], Tensor]) -> None:
        with torch.inference_mode():
            form(h)

    return ratio(lambda: run(mixer), lambda: run(mixer.by_steps), pairs=3)


def _passes_ratio(ours: Callable[[], Tensor], theirs: Callable[[], Tensor]) -> float:
    """Of forward and backward passes."""

    def run(answer: Callable[[], Tensor]) -> None:
        answer().square().mean().backward()

    return ratio(lambda: run(ours), lambda: run(theirs), pairs=5)


def _draw(*sizes: int, heads: int = 2, tokens: int = 49) -> list[Tensor]:
    return [torch.randn(BATCH, heads, tokens, size).requires_grad_() for size in sizes]


def _deltanet(gated: bool) -> float:
    """The rule of transformers' Qwen3-Next, in chunks, on a CPU; it has no other one for no decay."""
    from transformers.models.qwen3_next.modeling_qwen3_next import torch_chunk_gated_delta_rule

    from icl_bench.blocks.recurrences.delta_rule import delta_rule

    q, k, v, strength, decay = _draw(32, 32, 64, 1, 1)

    def theirs() -> Tensor:
        parts = (x.transpose(1, 2) for x in (q, k, v))
        decays = -decay.abs() if gated else torch.zeros_like(decay)
        gates = {"g": decays[..., 0].transpose(1, 2), "beta": strength.sigmoid()[..., 0].transpose(1, 2)}
        return torch_chunk_gated_delta_rule(*parts, **gates)[0]

    return _passes_ratio(
        lambda: delta_rule(q, k, v, strength.sigmoid(), -decay.abs() if gated else None), theirs
    )


def _differential() -> float:
    """DiffLlama's attention by torch's fused products, of as many heads, rotations included."""
    from transformers.models.diffllama.configuration_diffllama import DiffLlamaConfig
    from transformers.models.diffllama.modeling_diffllama import (
        DiffLlamaAttention,
        DiffLlamaRotaryEmbedding,
    )

    from icl_bench.blocks.differential_attention import DifferentialAttention

    mine = next(
        part for part in built("zoo/differential").modules() if isinstance(part, DifferentialAttention)
    )
    heads = 2 * mine.heads
    config = DiffLlamaConfig(hidden_size=WIDTH, num_attention_heads=heads, num_key_value_heads=heads)
    config._attn_implementation = "sdpa"
    other, rotary = DiffLlamaAttention(config, layer_idx=0), DiffLlamaRotaryEmbedding(config)
    h = torch.randn(BATCH, 49, WIDTH)

    def theirs() -> Tensor:
        answer: Tensor = other(h, rotary(h, torch.arange(h.shape[1])[None]), is_causal=True)[0]
        return answer

    return _passes_ratio(lambda: mine(h), theirs)


def _mamba2() -> float:
    """transformers' mixer, in torch operations."""
    from transformers.models.mamba2.configuration_mamba2 import Mamba2Config
    from transformers.models.mamba2.modeling_mamba2 import Mamba2Mixer

    from icl_bench.blocks.mamba2 import Mamba2

    mine = next(part for part in built("zoo/mamba2").modules() if isinstance(part, Mamba2))
    sizes = dict(hidden_size=WIDTH, expand=2, head_dim=32, num_heads=4, state_size=32, conv_kernel=4)
    other: nn.Module = Mamba2Mixer(Mamba2Config(**sizes, n_groups=1, num_hidden_layers=1), layer_idx=0)
    h = torch.randn(BATCH, 49, WIDTH)
    return _passes_ratio(lambda: mine(h), lambda: other(h))


def _mlstm() -> float:
    """The recurrence of transformers' xLSTM, in chunks."""
    from transformers.models.xlstm.modeling_xlstm import mlstm_chunkwise_native_autograd

    from icl_bench.blocks.recurrences.decays import log_sigmoid
    from icl_bench.blocks.recurrences.mlstm import mlstm

    q, k, v, write, forget = _draw(32, 32, 64, 1, 1, tokens=48)
    gates = {"igate": write[..., 0], "fgate": forget[..., 0]}
    return _passes_ratio(
        lambda: mlstm(q * 32**-0.5, k, v, write, log_sigmoid(forget)),
        lambda: mlstm_chunkwise_native_autograd(q, k, v, **gates, chunk_size=16),
    )


def _kda() -> float:
    """The rule of transformers' Kimi Linear, in chunks, on a CPU."""
    from transformers.models.kimi_linear.modeling_kimi_linear import chunk_kimi_delta_attention

    from icl_bench.blocks.recurrences.delta_rule import delta_rule

    q, k, v, strength, decay = _draw(32, 32, 64, 1, 32)

    def theirs() -> Tensor:
        parts = (x.transpose(1, 2) for x in (q, k, v))
        gates = {"g": -decay.abs().transpose(1, 2), "beta": strength.sigmoid()[..., 0].transpose(1, 2)}
        return chunk_kimi_delta_attention(*parts, **gates, initial_state=None, output_final_state=False)[0]

    return _passes_ratio(lambda: delta_rule(q, k, v, strength.sigmoid(), -decay.abs()), theirs)


TRANSFORMERS: dict[str, Callable[[], float]] = {
    "zoo/deltanet": partial(_deltanet, gated=False),
    "zoo/differential": _differential,
    "zoo/gated-deltanet": partial(_deltanet, gated=True),
    "zoo/kda": _kda,
    "zoo/mamba2": _mamba2,
    "zoo/mlstm": _mlstm,
}
