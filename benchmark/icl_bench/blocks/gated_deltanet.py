"""Gated DeltaNet: the delta rule with a decay a head (arXiv 2412.06464)."""

from typing import Any, ClassVar, Literal

from torch import Tensor, nn

from icl_bench.blocks.decay_gate import DecayGate
from icl_bench.blocks.deltanet import DeltaNet, DeltaSpec
from icl_bench.blocks.heads import HeadParts
from icl_bench.blocks.linear import Linear
from icl_bench.specs.architecture import BLOCKS


@BLOCKS.register
class GatedDeltaNetSpec(DeltaSpec):
    """S ← e^g S, then S ← S + k β (v − Sᵀ k)ᵀ, with g = −e^A softplus(a map of the input + a bias)."""

    label: ClassVar[str] = "Gated DeltaNet"
    example: ClassVar[dict[str, Any]] = {"heads": 2, "key": 8, "value": 16, "conv": 4, "output": "gated"}

    type: Literal["gated_deltanet"] = "gated_deltanet"

    def build(self, width: int) -> nn.Module:
        strength, forget = (Linear(width, self.heads, bias=False) for _ in range(2))
        out = Linear(self.heads * self.value, width, bias=False)
        return GatedDeltaNet(self.parts(width), strength, forget, out, self.negative_eigenvalues)

    def parameters(self, width: int) -> int:
        return super().parameters(width) + width * self.heads + 2 * self.heads

    def flops(self, width: int, tokens: int) -> int:
        return super().flops(width, tokens) + 2 * tokens * width * self.heads


class GatedDeltaNet(DeltaNet):
    """The delta rule on a state that decays."""

    def __init__(
        self, parts: HeadParts, strength: Linear, forget: Linear, out: Linear, negative: bool
    ) -> None:
        super().__init__(parts, strength, out, negative)
        self.forget = forget
        self.decay = DecayGate(parts.heads, 1)

    def gates(self, h: Tensor) -> tuple[Tensor, ...]:
        return self.strength(h)[..., None], self.decay(self.forget(h)[..., None])
