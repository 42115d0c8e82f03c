"""Causal attention over short prompts, with rotary angles inside: numba kernels for training on a CPU.

    out_i = Σ_{j ≤ i} p_ij v_j,   p_i = softmax_j(q_i · k_j / √head)

One head of one prompt at a time: its scores, and what the backward pass recomputes, stay in the cache.
Queries, keys and values are read where the projection wrote them, and their gradients written there.

Shapes: qkv (batch, tokens, 3 · width), a part's heads side by side; out (batch, tokens, width); cos and sin
(tokens, head / 2), of no tokens where nothing is rotated.
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
    exp2_of_negative,
    larger,
    largest,
    load,
    prefetch,
    read,
    store,
    total,
    where_negative,
    write,
)
from icl_bench.blocks.kernels.mixer import run
from icl_bench.blocks.kernels.products import ROWS, columns_times, rows_times, scratch, transpose
from icl_bench.compiled import compiled
from icl_bench.resources import threads

_LOG2_E, _LN_2 = F(1.4426950408889634), F(0.6931471805599453)
_LOWEST = F(-np.inf)
_njit = numba.njit(error_model="numpy")


class CausalAttention(torch.autograd.Function):
    """(qkv, heads, cos, sin) to out, differentiable once in qkv."""

    @staticmethod
    def forward(ctx: Any, qkv: Tensor, heads: int, cos: Tensor, sin: Tensor) -> Tensor:
        qkv = qkv.contiguous()
        out = qkv.new_empty(*qkv.shape[:2], qkv.shape[2] // 3)
        run(_kernels()[0], threads(), qkv, heads, cos, sin, out)
        ctx.save_for_backward(qkv, cos, sin)
        ctx.heads = heads
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, dout: Tensor) -> tuple[Tensor, None, None, None]:
        qkv, cos, sin = ctx.saved_tensors
        dqkv = torch.empty_like(qkv)
        run(_kernels()[1], threads(), dout.contiguous(), qkv, ctx.heads, cos, sin, dqkv)
        return dqkv, None, None, None


@functools.cache
def _kernels() -> tuple[Any, Any]:
    return compiled(_forward, parallel=True), compiled(_backward, parallel=True)


def _forward(parts, qkv, heads, cos, sin, out):
    for part in numba.prange(parts):
        own, hidden = scratch(6, _size(qkv, heads)), _hidden()
        for b in range(part * len(qkv) // parts, (part + 1) * len(qkv) // parts):
            for h in range(heads):
                _forward_head(qkv[b], h, heads, cos, sin, own, hidden, out[b])


def _backward(parts, dout, qkv, heads, cos, sin, dqkv):
    for part in numba.prange(parts):
        own, hidden = scratch(11, _size(qkv, heads)), _hidden()
        for b in range(part * len(qkv) // parts, (part + 1) * len(qkv) // parts):
            for h in range(heads):
                _backward_head(dout[b], qkv[b], h, heads, cos, sin, own, hidden, dqkv[b])


@_njit
def _size(qkv, heads):
    """Of matrices with room for tokens and head either way round."""
    return max(qkv.shape[1], qkv.shape[2] // (3 * heads))


@_njit
def _hidden():
    """-1 where the lane is after the row, else 0."""
    hidden = np.zeros((LANES, LANES), np.float32)
    for row in range(LANES):
        hidden[row, row + 1 :] = F(-1.0)
    return hidden


@_njit
def _forward_head(qkv, h, heads, cos, sin, own, hidden, out):
    """Writes the head's part of out, and begins to fetch that of the prompt after it."""
    (tokens, width), head = out.shape, out.shape[1] // heads
    q, k, v, k_columns, p, mixed = own[0], own[1], own[2], own[3], own[4], own[5]
    place, still = h * head, cos[:0]
    _move(qkv, place, q, 0, tokens, head, cos, sin, F(1.0), _LOG2_E / np.sqrt(F(head)))
    _move(qkv, width + place, k, 0, tokens, head, cos, sin, F(1.0), F(1.0))
    _move(qkv, 2 * width + place, v, 0, tokens, head, still, sin, F(1.0), F(1.0))
    transpose(k, tokens, head, k_columns)
    for i in range(0, tokens, ROWS):
        end = min(i + ROWS, tokens)
        for j in range(0, end, LANES):
            rows_times(p, i, q, k_columns, j, head)
        _fetch(qkv, out, tokens + i, place, head)
        for row in range(i, end):
            _softmax(p, row, hidden)
        for c in range(0, head, LANES):
            rows_times(mixed, i, p, v, c, end)
    _move(mixed, 0, out, place, tokens, head, still, sin, F(1.0), F(1.0))


@_njit
def _backward_head(dout, qkv, h, heads, cos, sin, own, hidden, dqkv):
    """Writes the head's parts of dqkv, and begins to fetch those of the prompt after it."""
    (tokens, width), head = dout.shape, dout.shape[1] // heads
    q, k, v, k_columns, p = own[0], own[1], own[2], own[3], own[4]
    dmixed, v_columns, ds, dq, dk, dv = own[5], own[6], own[7], own[8], own[9], own[10]
    place, still, scale = h * head, cos[:0], F(1.0) / np.sqrt(F(head))
    _move(qkv, place, q, 0, tokens, head, cos, sin, F(1.0), _LOG2_E * scale)
    _move(qkv, width + place, k, 0, tokens, head, cos, sin, F(1.0), F(1.0))
    _move(qkv, 2 * width + place, v, 0, tokens, head, still, sin, F(1.0), F(1.0))
    _move(dout, place, dmixed, 0, tokens, head, still, sin, F(1.0), F(1.0))
    transpose(k, tokens, head, k_columns)
    transpose(v, tokens, head, v_columns)
    for i in range(0, tokens, ROWS):
        end = min(i + ROWS, tokens)
        for j in range(0, end, LANES):
            rows_times(p, i, q, k_columns, j, head)
            rows_times(ds, i, dmixed, v_columns, j, head)
        _fetch(qkv, dout, tokens + i, place, head)
        _fetch(dqkv, dout, tokens + i, place, head)
        for row in range(i, end):
            _softmax(p, row, hidden)
            _softmax_backward(p, row, ds)
        for c in range(0, head, LANES):
            rows_times(dq, i, ds, k, c, end)
    for j in range(0, tokens, ROWS):
        for c in range(0, head, LANES):
            columns_times(dk, j, ds, q, c, tokens)
            columns_times(dv, j, p, dmixed, c, tokens)
    _move(dq, 0, dqkv, place, tokens, head, cos, sin, F(-1.0), scale)
    _move(dk, 0, dqkv, width + place, tokens, head, cos, sin, F(-1.0), _LN_2)
    _move(dv, 0, dqkv, 2 * width + place, tokens, head, still, sin, F(1.0), F(1.0))


@_njit
def _move(rows, start, target, place, tokens, head, cos, sin, turn, scale):
    """target[:, place + c] = scale · rows[:, start + c] for c < head, rotated where cos has tokens."""
    half = head // 2
    for t in range(tokens):
        for c in range(0, half if len(cos) else 0, LANES):
            left = half - c
            a, b = load(rows, t, start + c, left), load(rows, t, start + half + c, left)
            x, y = load(cos, t, c, left) * scale, load(sin, t, c, left) * (turn * scale)
            store(target, t, place + c, left, a * x - b * y)
            store(target, t, place + half + c, left, b * x + a * y)
        for c in range(0, 0 if len(cos) else head, LANES):
            store(target, t, place + c, head - c, load(rows, t, start + c, head - c) * scale)


@_njit
def _fetch(qkv, out, row, place, head):
    """Begin to bring near a head's part of ROWS rows, those after a prompt's last being the next one's."""
    width = out.shape[1]
    for t in range(row, row + ROWS):
        for c in range(place, place + head, LANES):
            prefetch(qkv, t, c)
            prefetch(qkv, t, width + c)
            prefetch(qkv, t, 2 * width + c)
            prefetch(out, t, c)


@_njit
def _softmax(p, row, hidden):
    """2^p over its sum in p[row, : row + 1], 0 in the rest of that row's last vector."""
    last = row - row % LANES
    behind = read(hidden, row % LANES, 0)
    top = where_negative(behind, _LOWEST, read(p, row, last))
    for j in range(0, last, LANES):
        top = larger(top, read(p, row, j))
    most, sums = largest(top), broadcast(F(0.0))
    for j in range(0, last, LANES):
        x = exp2_of_negative(read(p, row, j) - most)
        write(p, row, j, x)
        sums = sums + x
    x = where_negative(behind, F(0.0), exp2_of_negative(read(p, row, last) - most))
    write(p, row, last, x)
    share = F(1.0) / total(sums + x)
    for j in range(0, row + 1, LANES):
        write(p, row, j, read(p, row, j) * share)


@_njit
def _softmax_backward(p, row, ds):
    """ds = p (ds - Σ p ds) in the row's vectors."""
    sums = broadcast(F(0.0))
    for j in range(0, row + 1, LANES):
        sums = sums + read(p, row, j) * read(ds, row, j)
    mean = total(sums)
    for j in range(0, row + 1, LANES):
        write(ds, row, j, read(p, row, j) * (read(ds, row, j) - mean))
