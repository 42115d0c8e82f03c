"""The selective scan of Mamba, in four forms that agree: the definition, and three that are fast.

For every channel c and state number n, with h_{-1} = 0:

    h_t[c, n] = exp(Δ_t[c] A[c, n]) h_{t-1}[c, n] + Δ_t[c] u_t[c] B_t[n]
    y_t[c]    = Σ_n C_t[n] h_t[c, n] + D[c] u_t[c]

(Gu & Dao 2023, arXiv 2312.00752, algorithm 2, with the discretisation of their reference code.)

`selective_scan` chooses: mamba-ssm's kernel on a GPU where it is installed, a compiled kernel on a CPU,
and torch operations a step otherwise. The last two share one hand-written backward, in which the states
are recomputed, so that no (batch, tokens, channels, state) tensor outlives a layer's backward pass. (On a
CPU the mixer goes past this function: its scan is compiled together with what stands around it.)
"""

import functools
import importlib
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

Channels = Float[Tensor, "batch tokens channels"]
States = Float[Tensor, "batch tokens state"]


def selective_scan(
    u: Channels, delta: Channels, A: Float[Tensor, "channels state"], B: States, C: States, D: Tensor
) -> Channels:
    """Scan `u` with positive step sizes `delta` and negative `A`; differentiable in every argument."""
    kernel = mamba_ssm_kernel() if u.is_cuda else None
    if kernel is None:
        return _Scan.apply(u, delta, A, B, C, D)
    return scan_with_mamba_ssm(kernel, u, delta, A, B, C, D)


def scan_with_mamba_ssm(
    kernel: Callable[..., Tensor], u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor
) -> Tensor:
    """The scan by mamba-ssm's kernel, which takes time last; shapes here as `selective_scan`."""
    u, delta, B, C = (tensor.mT.contiguous() for tensor in (u, delta, B, C))
    return kernel(u, delta, A, B, C, D).mT


def selective_scan_reference(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
    """The definition, a step at a time, differentiated by autograd. Shapes as `selective_scan`."""
    h = u.new_zeros(u.shape[0], *A.shape)
    ys = []
    for t in range(u.shape[1]):
        decay = torch.exp(delta[:, t, :, None] * A)
        h = decay * h + (delta[:, t] * u[:, t])[..., None] * B[:, t, None, :]
        ys.append((h * C[:, t, None, :]).sum(-1) + D * u[:, t])
    return torch.stack(ys, dim=1)


@functools.cache
def mamba_ssm_kernel() -> Callable[..., Tensor] | None:
    """mamba-ssm's CUDA scan, None where its extension is not built."""
    try:
        module = importlib.import_module("mamba_ssm.ops.selective_scan_interface")
    except ImportError:
        return None
    return module.selective_scan_fn


class _Scan(torch.autograd.Function):
    """The scan with its hand-written backward; where the work is done is chosen by device."""

    @staticmethod
    def forward(ctx: Any, *inputs: Tensor) -> Tensor:
        inputs = tuple(tensor.contiguous() for tensor in inputs)
        ctx.save_for_backward(*inputs)
        return _kernels(inputs[0]).forward(*inputs)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, ...]:
        return _kernels(grads[0]).backward(grads[0].contiguous(), *ctx.saved_tensors)


def _kernels(like: Tensor) -> Any:
    compiled = like.device.type == "cpu" and like.dtype == torch.float32
    return importlib.import_module(f"icl_bench.blocks.{'compiled' if compiled else 'stepwise'}_scan")
