"""Products of float32 matrices by oneDNN, for training steps on a CPU.

torch multiplies them by MKL, which on AMD's processors uses half the width of their vectors. oneDNN, which
torch brings along too, uses all of it (`tests/performance/bench.py products`). No public function of torch
asks it for a product in float32: this is the operator that torch's compiler calls.
"""

import functools

import torch
from jaxtyping import Float
from torch import Tensor


@functools.cache
def has_onednn() -> bool:
    """Whether torch has the operator."""
    return torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def product(
    a: Float[Tensor, "... inner"],
    b: Float[Tensor, "columns inner"],
    bias: Float[Tensor, " columns"] | None = None,
) -> Float[Tensor, "... columns"]:
    """a bᵀ + bias; torch's own where the operator is missing, and of no rows, which it refuses."""
    if not has_onednn() or a.numel() == 0:
        return torch.nn.functional.linear(a, b, bias)
    answer: Tensor = torch.ops.mkldnn._linear_pointwise(a, b, bias, "none", [], "")
    return answer


def weight_gradient(
    dy: Float[Tensor, "rows outputs"], x: Float[Tensor, "rows features"]
) -> Float[Tensor, "outputs features"]:
    """dyᵀ x. Few rows and many columns take less time than many rows and few columns."""
    return product(dy.mT, x.mT) if dy.shape[1] <= x.shape[1] else product(x.mT, dy.mT).mT
