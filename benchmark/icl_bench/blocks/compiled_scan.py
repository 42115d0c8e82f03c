"""The selective scan compiled for the CPU with numba, with its backward by hand.

Notation and shapes: `icl_bench.blocks.selective_scan`. One thread takes whole prompts. A channel's state
stays in registers, and what the backward pass recomputes stays in the first-level cache, so that no
(batch, tokens, channels, state) array is ever in memory. The state is padded to whole vectors of LANES
numbers: a loop of known length over one vector is what the compiler turns into vector instructions.
"""

import functools
from typing import Any

import numba
import numpy as np
import torch
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from torch import Tensor

from icl_bench.compiled import call, compiled

LANES = 16

_F = np.float32
_LOG2_E = _F(1.4426950408889634)
_LN2_HIGH, _LN2_LOW = _F(0.693359375), _F(-2.12194440e-4)  # their sum is ln 2; the first product is exact
_SMALLEST = _F(-87.0)  # exp(-87) is the last normal float32


_EXP = tuple(_F(c) for c in (  # Cephes' expf: exp(r) ≈ 1 + r + r² p(r) on |r| ≤ ln 2 / 2
    1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
))  # fmt: skip


def forward(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
    """y (batch, tokens, channels), float32 on the CPU."""
    y = torch.empty_like(u)
    A, B, C = (_padded(tensor) for tensor in (A, B, C))
    _run(_forward_kernel(A.shape[1]), u, delta, A, B, C, D, y)
    return y


def backward(
    dy: Tensor, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor
) -> tuple[Tensor, ...]:
    """Gradients of (u, delta, A, B, C, D), given dy (batch, tokens, channels)."""
    state = A.shape[1]
    A, B, C = (_padded(tensor) for tensor in (A, B, C))
    du, ddelta = torch.empty_like(u), torch.empty_like(delta)
    dB, dC = torch.empty_like(B), torch.empty_like(C)
    dA = u.new_empty(u.shape[0], *A.shape)  # a row a prompt, summed below in one fixed order
    _run(_backward_kernel(A.shape[1]), dy, u, delta, A, B, C, D, du, ddelta, dA, dB, dC)
    dD = (dy * u).sum((0, 1))
    return du, ddelta, dA.sum(0)[:, :state], dB[..., :state], dC[..., :state], dD


def _padded(tensor: Tensor) -> Tensor:
    return torch.nn.functional.pad(tensor, (0, -tensor.shape[-1] % LANES)).contiguous()


def _run(kernel: Any, *tensors: Tensor) -> None:
    call(kernel, *(tensor.detach().numpy() for tensor in tensors))


@intrinsic
def _float_of_bits(_context: Any, bits: Any) -> Any:
    def bitcast(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), bitcast


def _negative_exp(x):
    """exp(x) for x ≤ 0 to two units in the last place: 2^k exp(r), with x = k ln 2 + r."""
    x = max(x, _SMALLEST)
    k = np.int32(x * _LOG2_E - _F(0.5))
    whole = np.float32(k)
    r = (x - whole * _LN2_HIGH) - whole * _LN2_LOW
    p = _EXP[0]
    p = p * r + _EXP[1]
    p = p * r + _EXP[2]
    p = p * r + _EXP[3]
    p = p * r + _EXP[4]
    p = p * r + _EXP[5]
    return (p * r * r + r + _F(1.0)) * _float_of_bits((k + np.int32(127)) << np.int32(23))


_exp = numba.njit(error_model="numpy", fastmath={"contract"})(_negative_exp)
_SUMS = {"reassoc", "contract", "nsz"}  # sums over the state may be taken as vectors


@functools.cache
def _forward_kernel(N: int) -> Any:
    """The forward scan for a (padded) state of N numbers."""

    def scan(u, delta, A, B, C, D, y):
        batch, tokens, channels = u.shape
        for b in numba.prange(batch):
            h = np.empty(N, np.float32)
            for c in range(channels):
                h[:] = _F(0.0)
                for t in range(tokens):
                    step, x = delta[b, t, c], u[b, t, c]
                    dx, total = step * x, _F(0.0)
                    for n in range(N):
                        h[n] = _exp(step * A[c, n]) * h[n] + dx * B[b, t, n]
                        total += h[n] * C[b, t, n]
                    y[b, t, c] = total + D[c] * x

    return compiled(scan, parallel=True, fastmath=_SUMS)


@functools.cache
def _backward_kernel(N: int) -> Any:
    """The backward scan: states and decays recomputed forwards, gradients carried backwards.

    Everything that the loops over the state touch lies in two arrays of one row a token, so that the compiler
    needs no check whether they overlap: a row holds B, C, dB, dC, the decay and the state before the token.
    """
    b_, c_, db_, dc_, decay_, h_ = range(0, 6 * N, N)
    a_, g_, da_ = range(0, 3 * N, N)

    def scan(dy, u, delta, A, B, C, D, du, ddelta, dA, dB, dC):
        batch, tokens, channels = u.shape
        for b in numba.prange(batch):
            row, own = np.zeros((tokens + 1, 6 * N), np.float32), np.empty(3 * N, np.float32)
            row[:tokens, b_ : b_ + N], row[:tokens, c_ : c_ + N] = B[b], C[b]
            for c in range(channels):
                own[a_ : a_ + N], own[g_:] = A[c], _F(0.0)
                for t in range(tokens):
                    step = delta[b, t, c]
                    dx = step * u[b, t, c]
                    for n in range(N):
                        decay = _exp(step * own[a_ + n])
                        row[t, decay_ + n] = decay
                        row[t + 1, h_ + n] = decay * row[t, h_ + n] + dx * row[t, b_ + n]
                for t in range(tokens - 1, -1, -1):
                    step, x, out = delta[b, t, c], u[b, t, c], dy[b, t, c]
                    dx, along_B, along_step = step * x, _F(0.0), _F(0.0)
                    for n in range(N):
                        reached = own[g_ + n] + out * row[t, c_ + n]
                        row[t, dc_ + n] += out * row[t + 1, h_ + n]
                        row[t, db_ + n] += reached * dx
                        along_B += reached * row[t, b_ + n]
                        passed = reached * row[t, decay_ + n]
                        own[g_ + n] = passed
                        through = passed * row[t, h_ + n]
                        along_step += through * own[a_ + n]
                        own[da_ + n] += through * step
                    du[b, t, c] = along_B * step + out * D[c]
                    ddelta[b, t, c] = along_step + along_B * x
                dA[b, c] = own[da_:]
            dB[b], dC[b] = row[:tokens, db_ : db_ + N], row[:tokens, dc_ : dc_ + N]

    return compiled(scan, parallel=True, fastmath=_SUMS)
