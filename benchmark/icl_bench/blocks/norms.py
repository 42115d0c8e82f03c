"""The two normalisations. Both act on the last axis and have no residual."""

from torch import nn

from icl_bench.specs.architecture import NormName

LAYERNORM_EPSILON = 1e-5  # GPT-2
RMSNORM_EPSILON = 1e-6  # LLaMA


def build_norm(name: NormName, width: int) -> nn.Module:
    """`layernorm` (Ba et al. 2016, arXiv 1607.06450), `rmsnorm` (Zhang & Sennrich 2019, arXiv 1910.07467)."""
    if name == "layernorm":
        return nn.LayerNorm(width, eps=LAYERNORM_EPSILON)
    return nn.RMSNorm(width, eps=RMSNORM_EPSILON)
