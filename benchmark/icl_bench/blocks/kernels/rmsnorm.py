"""RMSNorm with its gradients as numba kernels: one pass over memory each way, where torch takes some ten.

    y = w x r,  r = 1 / √(mean x² + ε)

Shapes: x, dx, y, dy (batch, tokens, width); w (1, width); r (batch, tokens); dw (batch, width), a row a
prompt.
"""

import functools
from typing import Any

import numba
import numpy as np
import torch
from torch import Tensor

from icl_bench.blocks.kernels.lanes import LANES, F, broadcast, load, store, total
from icl_bench.blocks.kernels.mixer import run
from icl_bench.compiled import compiled

_njit = numba.njit(error_model="numpy")


class CompiledRMSNorm(torch.autograd.Function):
    """(x, weight, epsilon) to y, differentiable once in x and weight."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        x = x.contiguous()
        y, r = torch.empty_like(x), x.new_empty(x.shape[:2])
        run(_kernels()[0], x, weight[None], epsilon, y, r)
        ctx.save_for_backward(x, weight, r)
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor, Tensor, None]:
        x, weight, r = ctx.saved_tensors
        dx, dw = torch.empty_like(x), x.new_empty(len(x), len(weight))
        run(_kernels()[1], dy.contiguous(), x, weight[None], r, dx, dw)
        return dx, dw.sum(0), None


@functools.cache
def _kernels() -> tuple[Any, Any]:
    return compiled(_forward, parallel=True), compiled(_backward, parallel=True)


def _forward(x, w, epsilon, y, r):
    for b in numba.prange(len(x)):
        _forward_prompt(x[b], w, epsilon, y[b], r[b])


def _backward(dy, x, w, r, dx, dw):
    for b in numba.prange(len(x)):
        _backward_prompt(dy[b], x[b], w, r[b], dx[b], dw[b : b + 1])


@_njit
def _forward_prompt(x, w, epsilon, y, r):
    tokens, width = x.shape
    for t in range(tokens):
        squares = broadcast(F(0.0))
        for c in range(0, width, LANES):
            z = load(x, t, c, width - c)
            squares = squares + z * z
        r[t] = F(1.0 / np.sqrt(total(squares) / F(width) + epsilon))
        for c in range(0, width, LANES):
            left = width - c
            store(y, t, c, left, load(x, t, c, left) * r[t] * load(w, 0, c, left))


@_njit
def _backward_prompt(dy, x, w, r, dx, dw):
    """dx = r (g - z mean (g z)) with z = x r and g = w dy; dw = Σ dy z."""
    tokens, width = x.shape
    dw[:] = F(0.0)
    for t in range(tokens):
        along = broadcast(F(0.0))
        for c in range(0, width, LANES):
            left = width - c
            d, z = load(dy, t, c, left), load(x, t, c, left) * r[t]
            along = along + d * load(w, 0, c, left) * z
            store(dw, 0, c, left, load(dw, 0, c, left) + d * z)
        mean = total(along) / F(width)
        for c in range(0, width, LANES):
            left = width - c
            g = load(dy, t, c, left) * load(w, 0, c, left)
            store(dx, t, c, left, (g - load(x, t, c, left) * (r[t] * mean)) * r[t])
