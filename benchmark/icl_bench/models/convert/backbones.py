"""The backbones of earlier code, by the names of their tensors: what lies between read-in and read-out."""

from dataclasses import dataclass

from torch import Tensor

from icl_bench.models.convert.modules import (
    Converted,
    Norm,
    gpt2_block,
    layer_norm,
    llama_block,
    mamba_block,
    rms_norm,
)
from icl_bench.models.convert.state_dict import Weights

GPT2_EPSILON = 1e-5  # the defaults of transformers' configurations
LLAMA_EPSILON = 1e-6
MAMBA_EPSILON = 1e-5


@dataclass(frozen=True)
class Backbone:
    """Learned positions (tokens × width, or None), a stack of sublayers, and the norm after it."""

    name: str
    positions: Tensor | None
    sublayers: list[Converted]
    final_norm: Norm


def gpt2(weights: Weights, width: int, heads: int, epsilon: float = GPT2_EPSILON) -> Backbone:
    """A `GPT2Model`. Of its vocabulary no prompt reads anything."""
    weights.ignore("wte.weight")
    positions = weights.take("wpe.weight", *weights.shape("wpe.weight")[:1], width)
    sublayers = [
        sublayer for layer in _layers(weights, "h") for sublayer in gpt2_block(layer, width, heads, epsilon)
    ]
    return Backbone("gpt2", positions, sublayers, layer_norm(weights.under("ln_f."), width, epsilon))


def llama(weights: Weights, width: int, heads: int, epsilon: float = LLAMA_EPSILON) -> Backbone:
    """A `LlamaModel`."""
    weights.ignore("embed_tokens.weight")
    sublayers = [
        sublayer
        for layer in _layers(weights, "layers")
        for sublayer in llama_block(layer, width, heads, epsilon)
    ]
    return Backbone("llama", None, sublayers, rms_norm(weights.under("norm."), width, epsilon))


def mamba(weights: Weights, width: int, epsilon: float = MAMBA_EPSILON) -> Backbone:
    """A `MambaModel`."""
    weights.ignore("embeddings.weight")
    sublayers = [
        sublayer for layer in _layers(weights, "layers") for sublayer in mamba_block(layer, width, epsilon)
    ]
    return Backbone("mamba", None, sublayers, rms_norm(weights.under("norm_f."), width, epsilon))


def _layers(weights: Weights, name: str) -> list[Weights]:
    layers = weights.under(f"{name}.")
    return [layers.under(f"{i}.") for i in range(len(layers.children()))]
