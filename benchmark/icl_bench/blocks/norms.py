"""The two normalisations. Both act on the last axis and have no residual."""

from jaxtyping import Float
from torch import Generator, Tensor, nn

from icl_bench.blocks.kernels.rmsnorm import CompiledRMSNorm
from icl_bench.blocks.kernels.trains_on_cpu import trains_on_cpu
from icl_bench.blocks.together import one_by_one
from icl_bench.specs.architecture import NormSpec


class LayerNorm(nn.LayerNorm):
    """torch's."""

    def reset(self, generator: Generator) -> None:
        """The identity."""
        nn.init.ones_(self.weight)
        nn.init.zeros_(self.bias)


class RMSNorm(nn.RMSNorm):
    """torch's, and compiled while training on a CPU."""

    def reset(self, generator: Generator) -> None:
        """The identity."""
        nn.init.ones_(self.weight)

    def forward(self, h: Float[Tensor, "batch tokens width"]) -> Float[Tensor, "batch tokens width"]:
        return one_by_one(self._compiled, h, self.weight) if trains_on_cpu(h) else super().forward(h)

    def _compiled(self, h: Tensor, weight: Tensor) -> Tensor:
        return CompiledRMSNorm.apply(h, weight, self.eps)


def build_norm(norm: NormSpec, width: int) -> nn.Module:
    """`layernorm` (Ba et al. 2016, arXiv 1607.06450), `rmsnorm` (Zhang & Sennrich 2019, arXiv 1910.07467)."""
    return {"layernorm": LayerNorm, "rmsnorm": RMSNorm}[norm.type](width, eps=norm.epsilon)
