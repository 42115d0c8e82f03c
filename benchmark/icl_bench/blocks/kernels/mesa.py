"""The mesa layer on a CPU while training: numba kernels. Notation: `icl_bench.blocks.recurrences.mesa`.

    (I + Σ_s w_ts k_s k_sᵀ) x_t = q_t,   p_ts = w_ts (x_t · k_s),   o_t = Σ_s p_ts v_s

with w_ts = β_s d_(s+1) … d_t for s ≤ t, and queries and keys divided by √Λ. One head of one prompt at a time,
whose matrices stay in the cache. ROWS tokens are solved for together, until all that is left of their right
sides is rounding. The backward pass solves (…) y_t = the gradient of x_t.

Shapes: q, k (batch, tokens, heads, key); v and o (…, value); β, `strength`, and d, `decay`, (…, 1); 1 / √Λ,
`scale`, (batch, heads, key).
"""

import functools
from typing import Any

import numba
import numpy as np
import torch
from torch import Tensor

from icl_bench.blocks.kernels.lanes import LANES, F, broadcast, load, read, store, total, write
from icl_bench.blocks.kernels.mixer import run
from icl_bench.blocks.kernels.products import (
    ROWS,
    all_rows_times,
    columns_times,
    scratch,
    transpose,
)
from icl_bench.blocks.kernels.rows import padded
from icl_bench.blocks.kernels.trains_on_cpu import trains_on_cpu
from icl_bench.compiled import compiled
from icl_bench.resources import threads

MOST = 256  # tokens, and numbers of a key or value: more would leave the cache

_K, _K_COLUMNS, _W, _V, _X, _P, _RESIDUAL, _DIRECTION, _PRODUCT, _BETWEEN, _OUT = range(11)  # scratch
_V_COLUMNS, _Y, _DO, _DW, _WDP, _DK = range(11, 17)  # and of the backward pass
_TINY, _ROUNDING = np.finfo(np.float32).tiny, np.finfo(np.float32).eps
_njit = numba.njit(error_model="numpy")


def takes_mesa_kernel(q: Tensor, v: Tensor) -> bool:
    """Whether queries and values (batch, heads, tokens, size) are of a training step and of a size for it."""
    return trains_on_cpu(q) and max(*q.shape[2:], v.shape[3]) <= MOST


def compiled_mesa(
    q: Tensor, k: Tensor, v: Tensor, strength: Tensor, log_decay: Tensor, scale: Tensor, most: int
) -> Tensor:
    """The answers (batch, heads, tokens, value) of inputs that lie the same way, after at most so many
    iterations."""
    tokens_first = (x.transpose(1, 2) for x in (q, k, v, strength, log_decay.exp()))
    return _Mesa.apply(most, *tokens_first, scale).transpose(1, 2)


class _Mesa(torch.autograd.Function):
    """(most, q, k, v, strength, decay, scale) to o, differentiable once in each but the first."""

    @staticmethod
    def forward(ctx: Any, most: int, *inputs: Tensor) -> Tensor:
        inputs = tuple(x.contiguous() for x in inputs)
        x, o = torch.empty_like(inputs[0]), torch.empty_like(inputs[2])
        run(_kernels()[0], threads(), most, *inputs, x, o)
        ctx.save_for_backward(*inputs, x)
        ctx.most = most
        return o

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, do: Tensor) -> tuple[Tensor | None, ...]:
        *inputs, x = ctx.saved_tensors
        gradients = tuple(torch.empty_like(x) for x in inputs)
        run(_kernels()[1], threads(), ctx.most, do.contiguous(), *inputs, x, *gradients)
        return None, *gradients


@functools.cache
def _kernels() -> tuple[Any, Any]:
    return compiled(_forward, parallel=True), compiled(_backward, parallel=True)


def _forward(parts, most, q, k, v, strength, decay, scale, x, o):
    for part in numba.prange(parts):
        own = scratch(11, max(q.shape[1], q.shape[3], v.shape[3]))
        sizes = np.empty((2, ROWS), np.float32)
        for b in range(part * len(q) // parts, (part + 1) * len(q) // parts):
            for h in range(q.shape[2]):
                _begin(k[b], v[b], strength[b], decay[b], scale[b], h, own)
                _copy(q[b], h, own[_RESIDUAL])
                _scale(own[_RESIDUAL], q.shape[1], scale[b], h)
                _forward_head(most, q.shape[1], q.shape[3], v.shape[3], own, sizes)
                _give(own[_X], x[b], h)
                _give(own[_OUT], o[b], h)


def _backward(parts, most, do, q, k, v, strength, decay, scale, x, dq, dk, dv, dstrength, ddecay, dscale):
    for part in numba.prange(parts):
        own = scratch(17, max(q.shape[1], q.shape[3], v.shape[3]))
        sizes = np.empty((2, ROWS), np.float32)
        for b in range(part * len(q) // parts, (part + 1) * len(q) // parts):
            for h in range(q.shape[2]):
                _begin(k[b], v[b], strength[b], decay[b], scale[b], h, own)
                _copy(x[b], h, own[_X])
                _copy(do[b], h, own[_DO])
                _backward_head(most, q.shape[1], q.shape[3], v.shape[3], own, sizes)
                _into_gates(own, decay[b], h, dstrength[b], ddecay[b])
                _into_scale(own[_Y], own[_DK], q[b], k[b], scale[b], h, dscale[b])
                _give(own[_Y], dq[b], h)
                _give(own[_DK], dk[b], h)
                _give(own[_OUT], dv[b], h)


@_njit
def _begin(k, v, strength, decay, scale, h, own):
    """A head's keys, values and weights into its matrices."""
    tokens, key, value = len(k), k.shape[2], v.shape[2]
    _copy(k, h, own[_K])
    _scale(own[_K], tokens, scale, h)
    transpose(own[_K], tokens, key, own[_K_COLUMNS])
    _copy(v, h, own[_V])
    if len(own) > _V_COLUMNS:
        transpose(own[_V], tokens, value, own[_V_COLUMNS])
    w = own[_W]
    w[0, 0] = strength[0, h, 0]
    for t in range(1, tokens):
        for j in range(0, t, LANES):
            write(w, t, j, read(w, t - 1, j) * decay[t, h, 0])
        w[t, t] = strength[t, h, 0]


@_njit
def _copy(x, h, rows):
    """A head's x[:, h] into rows, with zeros behind every row and, to whole ROWS, behind the last."""
    (tokens, _, size), zero = x.shape, broadcast(F(0.0))
    for t in range(tokens):
        for c in range(0, size, LANES):
            write(rows, t, c, load(x[t], h, c, size - c))
    for t in range(tokens, padded(tokens, ROWS)):
        for c in range(0, size, LANES):
            write(rows, t, c, zero)


@_njit
def _scale(rows, tokens, scale, h):
    for c in range(0, scale.shape[1], LANES):
        factor = load(scale, h, c, scale.shape[1] - c)
        for t in range(tokens):
            write(rows, t, c, read(rows, t, c) * factor)


@_njit
def _give(rows, x, h):
    """Rows into x[:, h]."""
    for t in range(len(x)):
        for c in range(0, x.shape[2], LANES):
            store(x[t], h, c, x.shape[2] - c, read(rows, t, c))


@_njit
def _forward_head(most, tokens, key, value, own, sizes):
    for i in range(0, tokens, ROWS):
        end = min(i + ROWS, tokens)
        _solve(most, i, end, key, own, own[_X], sizes)
        all_rows_times(own[_P], i, own[_X], own[_K_COLUMNS], end, key)
        _weigh(own[_P], i, end, own[_W])
        all_rows_times(own[_OUT], i, own[_P], own[_V], value, end)


@_njit
def _solve(most, i, end, key, own, x, sizes):
    """x_t of ROWS tokens from t = i, whose right sides are the residuals, by conjugate gradients."""
    between, product, direction = own[_BETWEEN], own[_PRODUCT], own[_DIRECTION]
    for r in range(ROWS):
        sizes[0, r] = _first(i + r, key, own[_RESIDUAL], direction, x)
        sizes[1, r] = sizes[0, r] * (_ROUNDING * _ROUNDING)
    for _ in range(most):
        all_rows_times(between, i, direction, own[_K_COLUMNS], end, key)
        _weigh(between, i, end, own[_W])
        all_rows_times(product, i, between, own[_K], key, end)
        solved = 0
        for r in range(ROWS):
            sizes[0, r] = _shorter(i + r, key, own[_RESIDUAL], direction, product, x, sizes[0, r])
            solved += sizes[0, r] <= sizes[1, r]
        if solved == ROWS:
            break


@_njit
def _first(row, key, residual, direction, x):
    """Begins with the residual's direction and x = 0. Answers the residual's square."""
    zero = broadcast(F(0.0))
    square = zero
    for c in range(0, key, LANES):
        rest = read(residual, row, c)
        square = square + rest * rest
        write(direction, row, c, rest)
        write(x, row, c, zero)
    return total(square)


@_njit
def _shorter(row, key, residual, direction, product, x, size):
    """One token's iteration, of what its direction's product has beside the identity. Answers the residual's
    square, which was `size`."""
    along, square = broadcast(F(0.0)), broadcast(F(0.0))
    for c in range(0, key, LANES):
        towards = read(direction, row, c)
        along = along + towards * (read(product, row, c) + towards)
    length = size / max(total(along), _TINY)
    for c in range(0, key, LANES):
        towards = read(direction, row, c)
        rest = read(residual, row, c) - (read(product, row, c) + towards) * length
        write(x, row, c, read(x, row, c) + towards * length)
        write(residual, row, c, rest)
        square = square + rest * rest
    left = total(square)
    kept = left / max(size, _TINY)
    for c in range(0, key, LANES):
        write(direction, row, c, read(residual, row, c) + read(direction, row, c) * kept)
    return left


@_njit
def _weigh(products, i, end, weights):
    """Products of ROWS tokens times their weights."""
    for r in range(i, i + ROWS):
        for j in range(0, end, LANES):
            write(products, r, j, read(products, r, j) * read(weights, r, j))


@_njit
def _backward_head(most, tokens, key, value, own, sizes):
    """Gradients of w, those above the diagonal being no numbers to use, and of q, k and v: in _DW, _Y, _DK
    and _OUT."""
    for i in range(0, tokens, ROWS):
        end = min(i + ROWS, tokens)
        all_rows_times(own[_DW], i, own[_X], own[_K_COLUMNS], end, key)
        all_rows_times(own[_WDP], i, own[_DO], own[_V_COLUMNS], end, value)
        for r in range(i, i + ROWS):
            for j in range(0, end, LANES):
                w = read(own[_W], r, j)
                write(own[_P], r, j, read(own[_DW], r, j) * w)
                write(own[_BETWEEN], r, j, read(own[_WDP], r, j) * w)
        all_rows_times(own[_RESIDUAL], i, own[_BETWEEN], own[_K], key, end)
        _solve(most, i, end, key, own, own[_Y], sizes)
        all_rows_times(own[_BETWEEN], i, own[_Y], own[_K_COLUMNS], end, key)
        for r in range(i, i + ROWS):
            for j in range(0, end, LANES):
                dp = read(own[_WDP], r, j) - read(own[_BETWEEN], r, j)
                write(own[_DW], r, j, read(own[_DW], r, j) * dp)
                write(own[_WDP], r, j, read(own[_W], r, j) * dp)
    for j in range(0, tokens, ROWS):
        for c in range(0, key, LANES):
            columns_times(own[_DK], j, own[_WDP], own[_X], c, tokens)
            columns_times(own[_PRODUCT], j, own[_P], own[_Y], c, tokens)
            for r in range(j, j + ROWS):
                write(own[_DK], r, c, read(own[_DK], r, c) - read(own[_PRODUCT], r, c))
        for c in range(0, value, LANES):
            columns_times(own[_OUT], j, own[_P], own[_DO], c, tokens)


@_njit
def _into_gates(own, decay, h, dstrength, ddecay):
    """Gradients of β and d; that of a row of w goes into those before it."""
    w, dw = own[_W], own[_DW]
    for t in range(len(decay) - 1, -1, -1):
        sums = broadcast(F(0.0))
        dstrength[t, h, 0] = dw[t, t]
        for j in range(0, t, LANES):
            g, before = read(dw, t, j), read(w, t - 1, j)
            sums = sums + g * before
            write(dw, t - 1, j, read(dw, t - 1, j) + g * decay[t, h, 0])
        ddecay[t, h, 0] = total(sums)


@_njit
def _into_scale(dq, dk, q, k, scale, h, dscale):
    """The gradient of 1 / √Λ; those of what it multiplied become those of q and k."""
    key = q.shape[2]
    for c in range(0, key, LANES):
        left, sums = key - c, broadcast(F(0.0))
        factor = load(scale, h, c, left)
        for t in range(len(q)):
            of_q, of_k = read(dq, t, c), read(dk, t, c)
            sums = sums + (of_q * load(q[t], h, c, left) + of_k * load(k[t], h, c, left))
            write(dq, t, c, of_q * factor)
            write(dk, t, c, of_k * factor)
        store(dscale, h, c, left, sums)
