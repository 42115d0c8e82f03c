"""The causal convolution followed by SiLU, and its backward, as numba kernels.

    u_t = silu(z_t),   z_t[c] = bias[c] + Σ_k weight[k, c] x_{t - length + 1 + k}[c],   x_t = 0 for t < 0

Shapes: `projected` (batch, tokens, channels or more) holds x in its first columns; weight (length + 1,
channels) the bias in its last row; u (batch, tokens, channels). Channels are taken LANES at a time.
"""

import functools
from typing import Any

import numba
import numpy as np

from icl_bench.blocks.kernels.lanes import (
    LANES,
    F,
    broadcast,
    load,
    prefetch,
    read,
    sigmoid,
    store,
    write,
)
from icl_bench.compiled import compiled

_njit = numba.njit(error_model="numpy")


@_njit
def _convolved(projected, weight, t, c, left):
    """z_t of the channels from c on."""
    length = len(weight) - 1
    z = load(weight, length, c, left)
    for k in range(max(0, length - 1 - t), length):
        z = z + load(weight, k, c, left) * load(projected, t - length + 1 + k, c, left)
    return z


@_njit
def _forward_prompt(projected, weight, u):
    tokens, channels = u.shape
    for c in range(0, channels, LANES):
        for t in range(tokens):
            prefetch(projected, tokens + t, c)
            prefetch(u, tokens + t, c)
            z = _convolved(projected, weight, t, c, channels - c)
            store(u, t, c, channels - c, z * sigmoid(z))


@_njit
def _backward_prompt(du, projected, weight, dprojected, dweight):
    (tokens, channels), length = du.shape, len(weight) - 1
    dz = np.zeros((tokens + length, LANES), np.float32)
    for c in range(0, channels, LANES):
        left, dbias = channels - c, broadcast(F(0.0))
        for t in range(tokens):
            prefetch(projected, tokens + t, c)
            prefetch(du, tokens + t, c)
            prefetch(dprojected, t, c)
            z = _convolved(projected, weight, t, c, left)
            s = sigmoid(z)
            slope = load(du, t, c, left) * (s * (z * (F(1.0) - s) + F(1.0)))
            write(dz, t, 0, slope)
            dbias = dbias + slope
        store(dweight, length, c, left, dbias)
        for t in range(tokens):
            dx = broadcast(F(0.0))
            for k in range(length):
                dx = dx + load(weight, k, c, left) * read(dz, t + length - 1 - k, 0)
            store(dprojected, t, c, left, dx)
        for k in range(length):
            dw = broadcast(F(0.0))
            for t in range(length - 1 - k, tokens):
                dw = dw + read(dz, t, 0) * load(projected, t - length + 1 + k, c, left)
            store(dweight, k, c, left, dw)


def _forward(projected, weight, u):
    for b in numba.prange(len(u)):
        _forward_prompt(projected[b], weight, u[b])


def _backward(du, projected, weight, dprojected, dweight):
    for b in numba.prange(len(du)):
        _backward_prompt(du[b], projected[b], weight, dprojected[b], dweight[b])


@functools.cache
def forward_kernel() -> Any:
    """(projected, weight, u): writes u."""
    return compiled(_forward, parallel=True)


@functools.cache
def backward_kernel() -> Any:
    """(du, projected, weight, dprojected, dweight): writes the first columns of `dprojected`, and `dweight`
    (batch, length + 1, channels), a row a prompt.
    """
    return compiled(_backward, parallel=True)
