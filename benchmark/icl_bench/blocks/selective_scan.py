"""The selective scan of Mamba, in five forms that agree: the definition, and four that are fast.

For every channel c and state number n, with h_{-1} = 0:

    h_t[c, n] = exp(Δ_t[c] A[c, n]) h_{t-1}[c, n] + Δ_t[c] u_t[c] B_t[n]
    y_t[c]    = Σ_n C_t[n] h_t[c, n] + D[c] u_t[c]

(Gu & Dao 2023, arXiv 2312.00752, algorithm 2, with the discretisation of their reference code.)

`selective_scan` chooses: on a GPU mamba-ssm's kernel where it is installed, else one in Triton; a compiled
kernel on a CPU; and torch operations a step otherwise. The last three have one hand-written backward, in
which the states are recomputed, so that no (batch, tokens, channels, state) tensor outlives a layer's
backward pass. (On a CPU the mixer goes past this function: its scan is compiled together with the code around
it.)
"""

import functools
import importlib.util
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from icl_bench.blocks.together import first_axis, one_by_one

Channels = Float[Tensor, "batch tokens channels"]
States = Float[Tensor, "batch tokens state"]


def selective_scan(
    u: Channels, delta: Channels, A: Float[Tensor, "channels state"], B: States, C: States, D: Tensor
) -> Channels:
    """Scan `u` with positive step sizes `delta` and negative `A`; differentiable in every argument."""
    if has_mamba_ssm(u.device.type):
        return one_by_one(_scan_by_mamba_ssm, u, delta, A, B, C, D)
    return _scan(u, delta, A, B, C, D)


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


def has_mamba_ssm(device: str) -> bool:
    """Whether mamba-ssm's scan is there for a kind of device, a GPU."""
    return device == "cuda" and mamba_ssm_kernel() is not None


@functools.cache
def mamba_ssm_kernel() -> Callable[..., Tensor] | None:
    """mamba-ssm's CUDA scan, None where its extension is not built."""
    try:
        module = importlib.import_module("mamba_ssm.ops.selective_scan_interface")
    except ImportError:
        return None
    return module.selective_scan_fn


@functools.cache
def has_triton() -> bool:
    """Whether Triton is there, which torch brings along where it is built for GPUs."""
    return importlib.util.find_spec("triton") is not None


def _scan_by_mamba_ssm(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
    kernel = mamba_ssm_kernel()
    if kernel is None:
        raise RuntimeError("mamba-ssm is not installed; check has_mamba_ssm first")
    return scan_with_mamba_ssm(kernel, u, delta, A, B, C, D)


@functools.cache
def mark_for_compiler() -> None:
    """Exclude an import and a kernel of others from torch.compile. Call this before torch.compile. Decorators
    would import the compiler with this module, which takes as long as torch.
    """
    global _scan_by_mamba_ssm
    torch.compiler.assume_constant_result(has_mamba_ssm)
    _scan_by_mamba_ssm = torch.compiler.disable(_scan_by_mamba_ssm)


# Operators that torch.compile takes as they are: it would write the loop over tokens out, step by step. What
# they start on a GPU is recorded in CUDA graphs like everything else.


@torch.library.custom_op("icl_bench::selective_scan", mutates_args=())
def _scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
    """The scan with its hand-written backward; where the work is done is chosen by device."""
    return _kernels(u).forward(*(tensor.contiguous() for tensor in (u, delta, A, B, C, D)))


@torch.library.custom_op("icl_bench::selective_scan_backward", mutates_args=())
def _scan_backward(
    dy: Tensor, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Gradients of all but dy."""
    inputs = (tensor.contiguous() for tensor in (dy, u, delta, A, B, C, D))
    du, ddelta, dA, dB, dC, dD = (gradient.contiguous() for gradient in _kernels(u).backward(*inputs))
    return du, ddelta, dA, dB, dC, dD


def _kernels(like: Tensor) -> Any:
    """The module that computes scans of tensors such as this one."""
    one_model = like.dim() == 3
    module = "icl_bench.blocks.stepwise_scan"
    if like.dtype == torch.float32:
        if like.device.type == "cpu" and one_model:
            module = "icl_bench.blocks.kernels.selective_scan"
        if like.device.type == "cuda" and has_triton():
            module = "icl_bench.blocks.kernels.triton_scan"
    return importlib.import_module(module)


@_scan.register_fake
def _(u: Tensor, *_rest: Tensor) -> Tensor:
    return u.new_empty(u.shape)


@_scan_backward.register_fake
def _(_dy: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
    return tuple(tensor.new_empty(tensor.shape) for tensor in inputs)


def _keep(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _gradients(ctx: Any, dy: Tensor) -> tuple[Tensor, ...]:
    return _scan_backward(dy, *ctx.saved_tensors)


_scan.register_autograd(_gradients, setup_context=_keep)


@_scan.register_vmap
def _(info: Any, in_dims: tuple[int | None, ...], *inputs: Tensor) -> tuple[Tensor, int]:
    return _scan(*first_axis(info.batch_size, in_dims, inputs)), 0
