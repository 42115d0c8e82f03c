"""The feed-forward block of LLaMA: SwiGLU (Shazeer 2020, arXiv 2002.05202)."""

from typing import Any, ClassVar, Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from icl_bench.blocks.kernels.activations import gated
from icl_bench.blocks.linear import Linear, linear
from icl_bench.specs.architecture import BLOCKS, BlockSpec


@BLOCKS.register
class SwigluSpec(BlockSpec):
    """`hidden` units with a gate of the same size; no biases, as in LLaMA."""

    label: ClassVar[str] = "SwiGLU"
    example: ClassVar[dict[str, Any]] = {"hidden": 48}

    type: Literal["swiglu"] = "swiglu"
    hidden: int = Field(ge=1, le=65_536)

    def build(self, width: int) -> nn.Module:
        gate_up = Linear(width, 2 * self.hidden, bias=False)
        return Swiglu(gate_up, Linear(self.hidden, width, bias=False))

    def parameters(self, width: int) -> int:
        return 3 * width * self.hidden

    def flops(self, width: int, tokens: int) -> int:
        return 6 * tokens * width * self.hidden


class Swiglu(nn.Module):
    """out(silu(gate(h)) · up(h)); gate and up are the two halves of one linear map."""

    def __init__(self, gate_up: Linear, out: Linear) -> None:
        super().__init__()
        self.gate_up = gate_up
        self.out = out

    def forward(self, h: Float[Tensor, "batch tokens width"]) -> Float[Tensor, "batch tokens width"]:
        # two products, not the halves of one: strided halves make a training step a tenth longer on a CPU
        gate, up = (linear(h, half) for half in self.gate_up.weight.chunk(2))
        return self.out(gated(gate, up))
