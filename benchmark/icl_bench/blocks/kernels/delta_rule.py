"""The generalised delta rule, a token after the other: numba kernels for training on a CPU.

    S ← diag(d) S,   r = Sᵀ a,   S ← S − b rᵀ + k vᵀ,   o = Sᵀ q

One head of one prompt at a time. The backward pass computes S after every token anew and goes back through
them; no state is in memory for longer than that.

Shapes: q, k, a, b (batch, tokens, heads, key); v and o (…, value); d (…, key), or (…, 1) for one a head.
Without a and b (key 0) nothing is removed: linear attention with decay.
"""

import functools
from typing import Any

import numba
import numpy as np
import torch
from torch import Tensor

from icl_bench.blocks.kernels.lanes import (
    LANES,
    F,
    broadcast,
    read,
    store,
    total,
    write,
)
from icl_bench.blocks.kernels.mixer import run
from icl_bench.blocks.kernels.rows import copy_row, dot, of_token, padded, totals, two_products
from icl_bench.compiled import compiled
from icl_bench.resources import threads

_V, _R, _O, _DR, _DV, _ROWS = range(6)  # what a token keeps a value number of; _O is do in the backward pass
_Q, _K, _A, _B, _D, _DQ, _DA, _COLUMNS = range(8)  # and a key number of
_SUMS = 5  # that are made a key number
_njit = numba.njit(error_model="numpy")


def compiled_delta_rule(
    q: Tensor, k: Tensor, v: Tensor, a: Tensor, b: Tensor, log_decay: Tensor | None
) -> Tensor:
    """The answers (batch, heads, tokens, value) of inputs that lie the same way; d = e^log_decay."""
    d = q.new_ones(*q.shape[:3], 1) if log_decay is None else log_decay.exp()
    return DeltaRule.apply(*(x.transpose(1, 2) for x in (q, k, v, a, b, d))).transpose(1, 2)


class DeltaRule(torch.autograd.Function):
    """(q, k, v, a, b, d) to o, differentiable once in each."""

    @staticmethod
    def forward(ctx: Any, *inputs: Tensor) -> Tensor:
        inputs = tuple(x.contiguous() for x in inputs)
        o = torch.empty_like(inputs[2])
        run(_kernels()[0], threads(), *inputs, o)
        ctx.save_for_backward(*inputs)
        return o

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, do: Tensor) -> tuple[Tensor, ...]:
        gradients = tuple(torch.empty_like(x) for x in ctx.saved_tensors)
        run(_kernels()[1], threads(), do.contiguous(), *ctx.saved_tensors, *gradients)
        return gradients


@functools.cache
def _kernels() -> tuple[Any, Any]:
    return compiled(_forward, parallel=True), compiled(_backward, parallel=True)


def _forward(parts, q, k, v, a, b, d, o):
    wide = padded(v.shape[3], 2 * LANES)
    for part in numba.prange(parts):
        S, own = np.empty((padded(q.shape[3], 2), wide), np.float32), np.zeros((_ROWS, wide), np.float32)
        keys = np.zeros((_COLUMNS, padded(q.shape[3], LANES)), np.float32)
        for i in range(part * len(q) // parts, (part + 1) * len(q) // parts):
            for h in range(q.shape[2]):
                S[:] = F(0.0)
                for t in range(q.shape[1]):
                    copy_row(v[i, t], h, own, _V)
                    _columns(q[i, t], k[i, t], a[i, t], b[i, t], d[i, t], h, keys)
                    _token(S, 0, 0, len(S), own, keys)
                    for j in range(0, v.shape[3], LANES):
                        store(o[i, t], h, j, v.shape[3] - j, read(own, _O, j))


def _backward(parts, do, q, k, v, a, b, d, dq, dk, dv, da, db, dd):
    tokens, key, wide = q.shape[1], padded(q.shape[3], 2), padded(v.shape[3], 2 * LANES)
    for part in numba.prange(parts):
        S, G = np.zeros(((tokens + 1) * key, wide), np.float32), np.empty((key, wide), np.float32)
        rows = np.zeros((tokens * _ROWS, wide), np.float32)
        columns = np.zeros((tokens * _COLUMNS, padded(key, LANES)), np.float32)
        sums = np.zeros((_SUMS * LANES, LANES), np.float32)
        for i in range(part * len(q) // parts, (part + 1) * len(q) // parts):
            for h in range(q.shape[2]):
                for t in range(tokens):
                    own, keys = of_token(rows, t, _ROWS), of_token(columns, t, _COLUMNS)
                    copy_row(v[i, t], h, own, _V)
                    _columns(q[i, t], k[i, t], a[i, t], b[i, t], d[i, t], h, keys)
                    _token(S, t * key, (t + 1) * key, key, own, keys)
                G[:] = F(0.0)
                for t in range(tokens - 1, -1, -1):
                    own, keys = of_token(rows, t, _ROWS), of_token(columns, t, _COLUMNS)
                    copy_row(do[i, t], h, own, _O)
                    _into_rows(G, own, keys, dv[i, t], h)
                    of_d = _into_keys(
                        G, S, t * key, own, keys, sums, dq[i, t], dk[i, t], da[i, t], db[i, t], dd[i, t], h
                    )
                    if dd.shape[3] == 1:
                        dd[i, t, h, 0] = of_d


@_njit
def _columns(q, k, a, b, d, h, keys):
    """What a token says of each key number. The zeros behind them stay."""
    one = d.shape[1] == 1
    for c in range(q.shape[1]):
        keys[_Q, c], keys[_K, c] = q[h, c], k[h, c]
        keys[_D, c] = d[h, 0] if one else d[h, c]
        keys[_DQ, c] = keys[_D, c] * q[h, c]
    for c in range(a.shape[1]):
        keys[_A, c], keys[_B, c], keys[_DA, c] = a[h, c], b[h, c], keys[_D, c] * a[h, c]


@_njit
def _token(S, before, after, key, rows, keys):
    """S, which begins at row `before`, after a token, to row `after`; its v to its r and o.

    What q reads of the token itself is a product of numbers, (k · q) v − (b · q) r.
    """
    of_v, of_r = dot(keys, _K, keys, _Q), dot(keys, _B, keys, _Q)
    for j in range(0, S.shape[1], 2 * LANES):
        i = j + LANES
        r0, r1, o0, o1 = two_products(S, before, key, j, keys, _DA, _DQ)
        v0, v1 = read(rows, _V, j), read(rows, _V, i)
        for c in range(key):
            d, b, k = keys[_D, c], keys[_B, c], keys[_K, c]
            write(S, after + c, j, v0 * k + (read(S, before + c, j) * d - r0 * b))
            write(S, after + c, i, v1 * k + (read(S, before + c, i) * d - r1 * b))
        write(rows, _R, j, r0)
        write(rows, _R, i, r1)
        write(rows, _O, j, v0 * of_v + (o0 - r0 * of_r))
        write(rows, _O, i, v1 * of_v + (o1 - r1 * of_r))


@_njit
def _into_rows(G, rows, keys, dv, h):
    """Writes the gradients of a token's v and r. G is that of S after the token, but for its own answer."""
    zero, of_v, of_r = broadcast(F(0.0)), dot(keys, _K, keys, _Q), dot(keys, _B, keys, _Q)
    for j in range(0, G.shape[1], 2 * LANES):
        i = j + LANES
        v0, v1, r0, r1 = two_products(G, 0, len(G), j, keys, _K, _B)
        o0, o1 = read(rows, _O, j), read(rows, _O, i)
        write(rows, _DV, j, v0 + o0 * of_v)
        write(rows, _DV, i, v1 + o1 * of_v)
        write(rows, _DR, j, zero - (r0 + o0 * of_r))
        write(rows, _DR, i, zero - (r1 + o1 * of_r))
    for j in range(0, dv.shape[1], LANES):
        store(dv, h, j, dv.shape[1] - j, read(rows, _DV, j))


@_njit
def _into_keys(G, S, before, rows, keys, sums, dq, dk, da, db, dd, h):
    """Writes the gradients of a token's q, k, a, b and d, and answers the sum of the last; G becomes the
    gradient of S before the token."""
    zero, v_do, r_do = broadcast(F(0.0)), dot(rows, _V, rows, _O), dot(rows, _R, rows, _O)
    of_d = zero
    for first in range(0, len(G), LANES):
        for c in range(first, min(first + LANES, len(G)), 2):
            of_d = of_d + _sum_of_keys(G, S, before, c, c - first, rows, keys, sums)
        left = dq.shape[1] - first
        k, b, d, q = (
            read(keys, _K, first),
            read(keys, _B, first),
            read(keys, _D, first),
            read(keys, _Q, first),
        )
        store(dq, h, first, left, k * v_do + (d * totals(sums, 0) - b * r_do))
        store(dk, h, first, left, q * v_do + totals(sums, LANES))
        if da.shape[1] > 0:
            store(da, h, first, left, d * totals(sums, 2 * LANES))
            store(db, h, first, left, zero - (q * r_do + totals(sums, 3 * LANES)))
        if dd.shape[1] > 1:
            store(dd, h, first, left, totals(sums, 4 * LANES))
    return total(of_d)


@_njit
def _sum_of_keys(G, S, before, c, row, rows, keys, sums):
    """Of two key numbers, c and the next: their rows of G, and of what the gradients are sums of, a vector
    each of `sums`. Answers those of d."""
    zero = broadcast(F(0.0))
    q0, k0, a0, b0, d0 = zero, zero, zero, zero, zero
    q1, k1, a1, b1, d1 = zero, zero, zero, zero, zero
    for j in range(0, G.shape[1], LANES):
        v, r, do, dr = read(rows, _V, j), read(rows, _R, j), read(rows, _O, j), read(rows, _DR, j)
        g, past = read(G, c, j), read(S, before + c, j)
        q0, k0 = q0 + past * do, k0 + g * v
        a0, b0 = a0 + past * dr, b0 + g * r
        g = g + do * keys[_Q, c] + dr * keys[_A, c]
        d0 = d0 + g * past
        write(G, c, j, g * keys[_D, c])
        g, past = read(G, c + 1, j), read(S, before + c + 1, j)
        q1, k1 = q1 + past * do, k1 + g * v
        a1, b1 = a1 + past * dr, b1 + g * r
        g = g + do * keys[_Q, c + 1] + dr * keys[_A, c + 1]
        d1 = d1 + g * past
        write(G, c + 1, j, g * keys[_D, c + 1])
    write(sums, row, 0, q0)
    write(sums, row + 1, 0, q1)
    write(sums, LANES + row, 0, k0)
    write(sums, LANES + row + 1, 0, k1)
    write(sums, 2 * LANES + row, 0, a0)
    write(sums, 2 * LANES + row + 1, 0, a1)
    write(sums, 3 * LANES + row, 0, b0)
    write(sums, 3 * LANES + row + 1, 0, b1)
    write(sums, 4 * LANES + row, 0, d0)
    write(sums, 4 * LANES + row + 1, 0, d1)
    return d0 + d1
