"""DeltaNet: linear attention that writes what it does not answer yet (arXiv 2102.11174, 2406.06484)."""

from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from icl_bench.blocks.heads import HeadMixer, HeadParts, HeadsSpec
from icl_bench.blocks.linear import Linear
from icl_bench.blocks.recurrences.delta_rule import delta_rule, delta_rule_step
from icl_bench.specs.architecture import BLOCKS


class DeltaSpec(HeadsSpec):
    """Sizes and costs of the delta family. `negative_eigenvalues` doubles the write strength β, so that the
    state can change its sign (arXiv 2411.12537)."""

    negative_eigenvalues: bool = False

    def parameters(self, width: int) -> int:
        return super().parameters(width) + width * self.heads

    def flops(self, width: int, tokens: int) -> int:
        recurrence = 6 * self.heads * self.key * self.value
        return self.flops_of_maps(width, tokens) + tokens * (2 * width * self.heads + recurrence)


@BLOCKS.register
class DeltaNetSpec(DeltaSpec):
    """S ← S + k β (v − Sᵀ k)ᵀ, o = Sᵀ q / √key, with q and k of length 1 and β = σ(a map of the input)."""

    label: ClassVar[str] = "DeltaNet"
    example: ClassVar[dict[str, Any]] = {"heads": 2, "key": 8, "value": 16, "conv": 4, "output": "norm"}

    type: Literal["deltanet"] = "deltanet"

    def build(self, width: int) -> nn.Module:
        strength = Linear(width, self.heads, bias=False)
        out = Linear(self.heads * self.value, width, bias=False)
        return DeltaNet(self.parts(width), strength, out, self.negative_eigenvalues)


class DeltaNet(HeadMixer):
    """The delta rule without decay."""

    def __init__(self, parts: HeadParts, strength: Linear, out: Linear, negative: bool) -> None:
        super().__init__(parts, out)
        self.strength = strength
        self.scale = 2.0 if negative else 1.0

    def gates(self, h: Tensor) -> tuple[Tensor, ...]:
        return (self.strength(h)[..., None],)

    def prepared(self, q: Tensor, k: Tensor, v: Tensor, *gates: Tensor) -> tuple[Tensor, ...]:
        strength, *log_decay = gates
        q, k = unit(q), unit(k)
        return q * k.shape[-1] ** -0.5, k, v, self.scale * strength.sigmoid(), *log_decay

    def mix(self, *inputs: Tensor) -> Tensor:
        q, k, v, strength, *log_decay = inputs
        return delta_rule(q, k, v, strength, log_decay[0] if log_decay else None)

    def mix_step(self, state: tuple[Tensor, ...], *inputs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        q, k, v, strength, *log_decay = inputs
        o, S = delta_rule_step(state[0], q, k, v, strength, log_decay[0] if log_decay else None)
        return o, (S,)


def unit(x: Tensor) -> Tensor:
    """x / |x| over the last axis; 0 stays 0."""
    return x * torch.rsqrt(x.square().sum(-1, keepdim=True) + 1e-6)
