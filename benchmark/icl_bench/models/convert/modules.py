"""The modules of `transformers`, by the names of their tensors, as modules of ours: spec and tensors.

Every one agrees with the original for every input; `tests/models/` holds them to that.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from icl_bench.errors import CheckpointError
from icl_bench.models.convert.state_dict import Weights
from icl_bench.specs.architecture import NormName


@dataclass(frozen=True)
class Norm:
    """A norm, with the epsilon that the original adds."""

    name: NormName
    epsilon: float
    tensors: dict[str, Tensor]


@dataclass(frozen=True)
class Module:
    """A module of ours: its entry in a spec, and its tensors; those of `out` write to the residual stream."""

    spec: dict[str, Any]
    tensors: dict[str, Tensor]


@dataclass(frozen=True)
class Converted:
    """skip * h + module(norm(h))."""

    norm: Norm
    module: Module
    skip: float = 1.0


def layer_norm(weights: Weights, width: int, epsilon: float) -> Norm:
    """`nn.LayerNorm`."""
    tensors = {name: weights.take(name, width) for name in ("weight", "bias")}
    return Norm("layernorm", epsilon, tensors)


def rms_norm(weights: Weights, width: int, epsilon: float) -> Norm:
    """`LlamaRMSNorm`, `MambaRMSNorm`."""
    return Norm("rmsnorm", epsilon, {"weight": weights.take("weight", width)})


def gpt2_attention(weights: Weights, width: int, heads: int) -> Module:
    """`GPT2Attention`: causal, with biases; its matrices stand transposed."""
    _check_mask(weights)
    spec = {"type": "attention", "heads": heads, "positions": "none", "bias": True}
    tensors = _transposed(weights, "c_attn", "qkv", width, 3 * width)
    return Module(spec, tensors | _transposed(weights, "c_proj", "out", width, width))


def linear_attention_maps(weights: Weights, width: int, heads: int) -> Module:
    """Causal attention with biases, whose maps are `nn.Linear` by the names of `GPT2Attention`."""
    _check_mask(weights)
    spec = {"type": "attention", "heads": heads, "positions": "none", "bias": True}
    tensors = {
        "qkv.weight": weights.take("c_attn.weight", 3 * width, width),
        "qkv.bias": weights.take("c_attn.bias", 3 * width),
        "out.weight": weights.take("c_proj.weight", width, width),
        "out.bias": weights.take("c_proj.bias", width),
    }
    return Module(spec, tensors)


def gpt2_mlp(weights: Weights, width: int) -> Module:
    """`GPT2MLP`, with the tanh form of GELU."""
    hidden = _last(weights, "c_fc.weight")
    tensors = _transposed(weights, "c_fc", "inner", width, hidden)
    return Module(
        {"type": "gelu_mlp", "hidden": hidden}, tensors | _transposed(weights, "c_proj", "out", hidden, width)
    )


def llama_attention(weights: Weights, width: int, heads: int, rope: bool) -> Module:
    """`LlamaAttention` with as many heads of keys and values as of queries, and without biases."""
    queries, keys = (weights.shape(f"{name}_proj.weight") for name in "qk")
    if keys != queries:
        raise CheckpointError(
            f"{weights.source}: queries of shape {list(queries)} and keys of {list(keys)} are grouped-query "
            "attention, which icl-bench cannot express; convert a model with as many heads of each",
            code="cannot-convert",
        )
    qkv = [weights.take(f"{name}_proj.weight", width, width) for name in "qkv"]
    positions = "rope" if rope else "none"
    spec = {"type": "attention", "heads": heads, "positions": positions, "bias": False}
    return Module(
        spec, {"qkv.weight": torch.cat(qkv), "out.weight": weights.take("o_proj.weight", width, width)}
    )


def llama_mlp(weights: Weights, width: int) -> Module:
    """`LlamaMLP` with SiLU, and without biases."""
    hidden = _last(weights, "down_proj.weight")
    gate_up = [weights.take(f"{name}_proj.weight", hidden, width) for name in ("gate", "up")]
    out = weights.take("down_proj.weight", width, hidden)
    return Module(
        {"type": "swiglu", "hidden": hidden}, {"gate_up.weight": torch.cat(gate_up), "out.weight": out}
    )


def mamba_mixer(weights: Weights, width: int) -> Module:
    """`MambaMixer` with a bias in its convolution alone."""
    channels, state = weights.shape("D")[0], _last(weights, "A_log")
    conv, rank = _last(weights, "conv1d.weight"), math.ceil(width / 16)
    if channels % width:
        raise CheckpointError(
            f"{weights.source}: a mixer of {channels} channels at width {width} cannot be expressed; "
            "icl-bench's mamba has a whole multiple of the width",
            code="cannot-convert",
        )
    spec = {"type": "mamba", "expand": channels // width, "state": state, "conv": conv}
    tensors = {
        "inner.weight": weights.take("in_proj.weight", 2 * channels, width),
        "conv.weight": weights.take("conv1d.weight", channels, 1, conv),
        "conv.bias": weights.take("conv1d.bias", channels),
        "select.weight": weights.take("x_proj.weight", rank + 2 * state, channels),
        "step.weight": weights.take("dt_proj.weight", channels, rank),
        "step.bias": weights.take("dt_proj.bias", channels),
        "A_log": weights.take("A_log", channels, state),
        "D": weights.take("D", channels),
        "out.weight": weights.take("out_proj.weight", width, channels),
    }
    return Module(spec, tensors)


def gpt2_block(weights: Weights, width: int, heads: int, epsilon: float) -> list[Converted]:
    """`GPT2Block`: attention, then the feed-forward block."""
    first, second = (layer_norm(weights.under(f"{name}."), width, epsilon) for name in ("ln_1", "ln_2"))
    attention = gpt2_attention(weights.under("attn."), width, heads)
    return [Converted(first, attention), Converted(second, gpt2_mlp(weights.under("mlp."), width))]


def llama_block(weights: Weights, width: int, heads: int, epsilon: float) -> list[Converted]:
    """`LlamaDecoderLayer`: attention with RoPE, then the feed-forward block."""
    names = ("input_layernorm", "post_attention_layernorm")
    first, second = (rms_norm(weights.under(f"{name}."), width, epsilon) for name in names)
    attention = llama_attention(weights.under("self_attn."), width, heads, rope=True)
    return [Converted(first, attention), Converted(second, llama_mlp(weights.under("mlp."), width))]


def mamba_block(weights: Weights, width: int, epsilon: float) -> list[Converted]:
    """`MambaBlock`: one mixer."""
    norm = rms_norm(weights.under("norm."), width, epsilon)
    return [Converted(norm, mamba_mixer(weights.under("mixer."), width))]


def _transposed(weights: Weights, theirs: str, ours: str, inputs: int, outputs: int) -> dict[str, Tensor]:
    """A `Conv1D` of transformers as a linear map."""
    matrix = weights.take(f"{theirs}.weight", inputs, outputs).T.contiguous()
    return {f"{ours}.weight": matrix, f"{ours}.bias": weights.take(f"{theirs}.bias", outputs)}


def _last(weights: Weights, name: str) -> int:
    """The last length of a tensor, 0 for one without axes, whose shape is then refused."""
    return (weights.shape(name) or (0,))[-1]


def _check_mask(weights: Weights) -> None:
    """The mask that older versions saved beside the weights hides the future, and that alone."""
    if "bias" in weights:
        tokens = _last(weights, "bias")
        mask = weights.take_buffer("bias", 1, 1, tokens, tokens)
        if not torch.equal(mask.bool()[0, 0], torch.ones(tokens, tokens).tril().bool()):
            raise CheckpointError(
                f"{weights.source}: the attention's mask is not causal; icl-bench's attention is",
                code="cannot-convert",
            )
    if "masked_bias" in weights and not bool(weights.take_buffer("masked_bias") <= -1e4):
        fault = "the attention's mask lets the future through"
        raise CheckpointError(f"{weights.source}: {fault}; convert a causal model", code="cannot-convert")
