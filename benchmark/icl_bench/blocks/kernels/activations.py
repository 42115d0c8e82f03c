"""GELU and the gate of SwiGLU: torch's own, and on a CPU while training the same in one pass over memory.

At the widths of this project a pass over the hidden units takes about as long as a matrix product of the same
block, and torch makes two to seven of them: here it is one forwards and one backwards. Predictions are made
with torch's operations everywhere.
"""

import functools
from typing import Any

import numba
import torch
from jaxtyping import Float
from torch import Tensor, nn

from icl_bench.blocks.kernels.lanes import LANES, F, load, sigmoid, store
from icl_bench.blocks.kernels.mixer import run
from icl_bench.blocks.kernels.trains_on_cpu import trains_on_cpu
from icl_bench.blocks.together import along_batch
from icl_bench.compiled import compiled

Hidden = Float[Tensor, "batch tokens hidden"]

# gelu(x) = x σ(s), s = 2 √(2/π) (x + 0.044715 x³), in the tanh form of Hendrycks & Gimpel (arXiv 1606.08415)
_LINEAR, _CUBIC = F(1.5957691216057308), F(1.5957691216057308 * 0.044715)
_njit = numba.njit(error_model="numpy")


def gelu(x: Hidden) -> Hidden:
    """The tanh form of GELU, that of GPT-2."""
    return along_batch(_gelu_of_one, x)


def gated(gate: Hidden, up: Hidden) -> Hidden:
    """silu(gate) · up."""
    return along_batch(_gated_of_one, gate, up)


def _gelu_of_one(x: Tensor) -> Tensor:
    return _Gelu.apply(x) if trains_on_cpu(x) else nn.functional.gelu(x, approximate="tanh")


def _gated_of_one(gate: Tensor, up: Tensor) -> Tensor:
    return _Gated.apply(gate, up) if trains_on_cpu(gate) else nn.functional.silu(gate) * up


class _Gelu(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        x = x.contiguous()
        y = torch.empty_like(x)
        run(_kernels()[0], x.flatten(0, 1), y.flatten(0, 1))
        ctx.save_for_backward(x)
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, dy: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        dx = torch.empty_like(x)
        run(_kernels()[1], dy.contiguous().flatten(0, 1), x.flatten(0, 1), dx.flatten(0, 1))
        return dx


class _Gated(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gate: Tensor, up: Tensor) -> Tensor:
        gate, up = gate.contiguous(), up.contiguous()
        y = torch.empty_like(up)
        run(_kernels()[2], gate.flatten(0, 1), up.flatten(0, 1), y.flatten(0, 1))
        ctx.save_for_backward(gate, up)
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor, Tensor]:
        gate, up = ctx.saved_tensors
        dgate, dup = torch.empty_like(gate), torch.empty_like(up)
        arguments = (dy.contiguous(), gate, up, dgate, dup)
        run(_kernels()[3], *(argument.flatten(0, 1) for argument in arguments))
        return dgate, dup


@functools.cache
def _kernels() -> tuple[Any, Any, Any, Any]:
    return tuple(compiled(kernel, parallel=True) for kernel in (_gelu, _gelu_backward, _gate, _gate_backward))


def _gelu(x, y):
    for row in numba.prange(len(x)):
        for c in range(0, x.shape[1], LANES):
            left = x.shape[1] - c
            a = load(x, row, c, left)
            store(y, row, c, left, a * sigmoid(a * (_CUBIC * (a * a) + _LINEAR)))


def _gelu_backward(dy, x, dx):
    for row in numba.prange(len(x)):
        for c in range(0, x.shape[1], LANES):
            left = x.shape[1] - c
            a = load(x, row, c, left)
            square = a * a
            s = sigmoid(a * (_CUBIC * square + _LINEAR))
            inner = a * (F(3.0) * _CUBIC * square + _LINEAR)
            slope = s * ((F(1.0) - s) * inner + F(1.0))
            store(dx, row, c, left, load(dy, row, c, left) * slope)


def _gate(gate, up, y):
    for row in numba.prange(len(up)):
        for c in range(0, up.shape[1], LANES):
            left = up.shape[1] - c
            a = load(gate, row, c, left)
            store(y, row, c, left, a * sigmoid(a) * load(up, row, c, left))


def _gate_backward(dy, gate, up, dgate, dup):
    for row in numba.prange(len(up)):
        for c in range(0, up.shape[1], LANES):
            left = up.shape[1] - c
            a, d = load(gate, row, c, left), load(dy, row, c, left)
            s = sigmoid(a)
            store(dup, row, c, left, d * (a * s))
            slope = s * (a * (F(1.0) - s) + F(1.0))
            store(dgate, row, c, left, d * load(up, row, c, left) * slope)
