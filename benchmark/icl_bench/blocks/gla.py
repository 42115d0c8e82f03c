"""Gated linear attention: a decay for each key number, computed from the input (arXiv 2312.06635)."""

from typing import Any, ClassVar, Literal

from pydantic import Field
from torch import Tensor, nn

from icl_bench.blocks.heads import HeadMixer, HeadParts, HeadsSpec
from icl_bench.blocks.linear import Linear
from icl_bench.blocks.recurrences.decays import bounded, log_sigmoid
from icl_bench.blocks.recurrences.linear import linear_attention, linear_step
from icl_bench.specs.architecture import BLOCKS

NORMALISER = 16.0  # that log decays are divided by at the source


@BLOCKS.register
class GLASpec(HeadsSpec):
    """S ← diag(e^g) S + k vᵀ, o = Sᵀ q / √key, with g = log σ(a map of `rank`, with a bias) / 16."""

    label: ClassVar[str] = "GLA"
    example: ClassVar[dict[str, Any]] = {
        "heads": 2,
        "key": 8,
        "value": 16,
        "conv": 0,
        "output": "gated",
        "rank": 4,
    }

    type: Literal["gla"] = "gla"
    rank: int = Field(ge=1, le=4_096)

    def build(self, width: int) -> nn.Module:
        down = Linear(width, self.rank, bias=False)
        out = Linear(self.heads * self.value, width, bias=False)
        return GLA(self.parts(width), down, Linear(self.rank, self.heads * self.key), out)

    def parameters(self, width: int) -> int:
        return super().parameters(width) + self.rank * width + (self.rank + 1) * self.heads * self.key

    def flops(self, width: int, tokens: int) -> int:
        gates = 2 * self.rank * (width + self.heads * self.key)
        return self.flops_of_maps(width, tokens) + tokens * (gates + 4 * self.heads * self.key * self.value)


class GLA(HeadMixer):
    """Linear attention whose state decays, each key number by its own gate."""

    def __init__(self, parts: HeadParts, down: Linear, up: Linear, out: Linear) -> None:
        super().__init__(parts, out)
        self.down, self.up = down, up

    def gates(self, h: Tensor) -> tuple[Tensor, ...]:
        return (self.up(self.down(h)).unflatten(-1, (self.parts.heads, -1)),)

    def prepared(self, q: Tensor, k: Tensor, v: Tensor, *gates: Tensor) -> tuple[Tensor, ...]:
        return q * k.shape[-1] ** -0.5, k, v, bounded(log_sigmoid(gates[0]) / NORMALISER)

    def mix(self, *inputs: Tensor) -> Tensor:
        return linear_attention(*inputs)

    def mix_step(self, state: tuple[Tensor, ...], *inputs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        o, S = linear_step(state[0], *inputs)
        return o, (S,)
