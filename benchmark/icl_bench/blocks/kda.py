"""Kimi Delta Attention: the delta rule with a decay for each key number (arXiv 2510.26692).

The gate on the way out is the one of every block with heads (SiLU of a full map); the source has a sigmoid of
a low-rank one. No log decay is below −5.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field
from torch import Tensor, nn

from icl_bench.blocks.decay_gate import DecayGate
from icl_bench.blocks.deltanet import DeltaNet, DeltaSpec
from icl_bench.blocks.heads import HeadParts
from icl_bench.blocks.linear import Linear
from icl_bench.specs.architecture import BLOCKS


@BLOCKS.register
class KDASpec(DeltaSpec):
    """S ← diag(e^g) S, then S ← S + k β (v − Sᵀ k)ᵀ, with g = −e^A softplus(a map of `rank` + a bias); no
    g is below −5."""

    label: ClassVar[str] = "KDA"
    example: ClassVar[dict[str, Any]] = {
        "heads": 2,
        "key": 8,
        "value": 16,
        "conv": 4,
        "output": "gated",
        "rank": 4,
    }

    type: Literal["kda"] = "kda"
    rank: int = Field(ge=1, le=4_096)

    def build(self, width: int) -> nn.Module:
        strength = Linear(width, self.heads, bias=False)
        down = Linear(width, self.rank, bias=False)
        up = Linear(self.rank, self.heads * self.key, bias=False)
        out = Linear(self.heads * self.value, width, bias=False)
        return KDA(self.parts(width), strength, down, up, out, self.negative_eigenvalues)

    def parameters(self, width: int) -> int:
        keys = self.heads * self.key
        return super().parameters(width) + self.rank * (width + keys) + keys + self.heads

    def flops(self, width: int, tokens: int) -> int:
        return super().flops(width, tokens) + 2 * tokens * self.rank * (width + self.heads * self.key)


class KDA(DeltaNet):
    """The delta rule on a state of which each key number decays by its own gate."""

    def __init__(
        self,
        parts: HeadParts,
        strength: Linear,
        down: Linear,
        up: Linear,
        out: Linear,
        negative: bool,
    ) -> None:
        super().__init__(parts, strength, out, negative)
        self.down, self.up = down, up
        self.decay = DecayGate(parts.heads, parts.sizes[0])

    def gates(self, h: Tensor) -> tuple[Tensor, ...]:
        forget = self.up(self.down(h)).unflatten(-1, (self.parts.heads, -1))
        return self.strength(h)[..., None], self.decay(forget)
