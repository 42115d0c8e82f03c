"""The selective scan compiled for the CPU with numba, with its backward by hand: float32, contiguous.

Notation and shapes: `icl_bench.blocks.selective_scan`. The mixer's fused form is in `mixer`.
"""

import torch
from torch import Tensor

from icl_bench.blocks.kernels import scan
from icl_bench.blocks.kernels.mixer import run


def forward(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
    """y (batch, tokens, channels)."""
    y, none = torch.empty_like(u), u.new_empty(len(u), 0, 0)
    selected = torch.cat([B, C], dim=-1)
    run(scan.forward_kernel(), u, delta, A.mT.contiguous(), D[None], selected, none, y, none, False)
    return y


def backward(
    dy: Tensor, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor
) -> tuple[Tensor, ...]:
    """Gradients of (u, delta, A, B, C, D), given dy (batch, tokens, channels)."""
    selected, none = torch.cat([B, C], dim=-1), u.new_empty(len(u), 0, 0)
    du, ddelta, dselected = map(torch.empty_like, (u, delta, selected))
    dA, dD = (
        u.new_empty(len(u), *A.mT.shape),
        u.new_empty(len(u), 1, *D.shape),
    )  # a row a prompt, summed below
    inputs = (dy, u, delta, A.mT.contiguous(), D[None], selected, none, none)
    run(scan.backward_kernel(), *inputs, du, ddelta, dA, dD, dselected, none, False)
    dB, dC = (part.clone() for part in dselected.split(A.shape[1], dim=-1))  # no two share memory
    return du, ddelta, dA.sum(0).mT, dB, dC, dD.sum((0, 1))
