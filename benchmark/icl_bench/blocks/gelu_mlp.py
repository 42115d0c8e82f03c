"""The feed-forward block of GPT-2: two maps around a GELU (Hendrycks & Gimpel 2016, arXiv 1606.08415)."""

from typing import Any, ClassVar, Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from icl_bench.blocks.kernels.activations import gelu
from icl_bench.blocks.linear import Linear
from icl_bench.specs.architecture import BLOCKS, BlockSpec


@BLOCKS.register
class GeluMlpSpec(BlockSpec):
    """`hidden` units; both maps have biases, as in GPT-2."""

    label: ClassVar[str] = "GELU"
    example: ClassVar[dict[str, Any]] = {"hidden": 48}

    type: Literal["gelu_mlp"] = "gelu_mlp"
    hidden: int = Field(ge=1, le=65_536)

    def build(self, width: int) -> nn.Module:
        return GeluMlp(Linear(width, self.hidden), Linear(self.hidden, width))

    def parameters(self, width: int) -> int:
        return 2 * width * self.hidden + self.hidden + width

    def flops(self, width: int, tokens: int) -> int:
        return 4 * tokens * width * self.hidden


class GeluMlp(nn.Module):
    """out(gelu(inner(h))), with the tanh form of GELU that GPT-2 uses."""

    def __init__(self, inner: Linear, out: Linear) -> None:
        super().__init__()
        self.inner = inner
        self.out = out

    def forward(self, h: Float[Tensor, "batch tokens width"]) -> Float[Tensor, "batch tokens width"]:
        return self.out(gelu(self.inner(h)))
