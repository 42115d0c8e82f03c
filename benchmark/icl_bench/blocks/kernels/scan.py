"""The selective scan and its backward by hand as numba kernels, alone or between softplus and gate.

    plain:  y = scan(u, raw)                 gated:  y = scan(u, softplus(raw)) · silu(gate)

A prompt's channels are taken LANES at a time and, for each, one state number after another over all tokens,
so that state, decay and gradients stay in registers and what the backward pass recomputes stays in the
cache: no (batch, tokens, channels, state) array is ever in memory. One thread takes whole prompts.

Shapes: u, raw (batch, tokens, channels); A (state, channels); D (1, channels); `selected` (batch, tokens,
before + 2 · state) holds B and C after `before` other columns, `projected` (batch, tokens, 2 · channels) the
gate in its second half (unread where plain). A gradient has the shape of what it belongs to, those of A and
D with the batch in front.
"""

import functools
from typing import Any

import numba
import numpy as np

from icl_bench.blocks.kernels.lanes import (
    LANES,
    F,
    broadcast,
    exp2_of_negative,
    load,
    prefetch,
    read,
    sigmoid,
    softplus,
    store,
    total,
    write,
)
from icl_bench.compiled import compiled

_LOG2_E = F(1.4426950408889634)
_njit = numba.njit(error_model="numpy")


@_njit
def _forward_prompt(u, raw, A, D, selected, projected, scanned, y, gated):
    """One prompt: `scanned` is the scan's answer, y that after the gate (plain: unwritten)."""
    (tokens, channels), state = u.shape, A.shape[0]
    before = selected.shape[1] - 2 * state
    own = np.empty((tokens, 3 * LANES), np.float32)
    step_, dx_, sum_ = 0, LANES, 2 * LANES
    for c in range(0, channels, LANES):
        left = channels - c
        skip = load(D, 0, c, left)
        for t in range(tokens):
            step, x = load(raw, t, c, left), load(u, t, c, left)
            prefetch(raw, tokens + t, c)
            prefetch(u, tokens + t, c)
            prefetch(scanned, t, c)
            if gated:
                step = softplus(step)
                prefetch(projected, tokens + t, channels + c)
                prefetch(y, t, c)
            write(own, t, step_, step)
            write(own, t, dx_, step * x)
            write(own, t, sum_, skip * x)
        for n in range(state):
            a, h = load(A, n, c, left) * _LOG2_E, broadcast(F(0.0))
            for t in range(tokens):
                h = (
                    exp2_of_negative(read(own, t, step_) * a) * h
                    + read(own, t, dx_) * selected[t, before + n]
                )
                write(own, t, sum_, read(own, t, sum_) + h * selected[t, before + state + n])
        for t in range(tokens):
            scan = read(own, t, sum_)
            store(scanned, t, c, left, scan)
            if gated:
                gate = load(projected, t, channels + c, left)
                store(y, t, c, left, scan * (gate * sigmoid(gate)))


@_njit
def _backward_prompt(
    dy, u, raw, A, D, selected, projected, scanned, du, draw, dA, dD, dselected, dprojected, gated
):
    """One prompt: the states and decays recomputed forwards, gradients carried backwards."""
    (tokens, channels), state = u.shape, A.shape[0]
    before = selected.shape[1] - 2 * state
    own = np.empty((tokens + 1, 7 * LANES), np.float32)
    step_, dx_, out_, decay_, h_, along_B_, along_step_ = range(0, 7 * LANES, LANES)
    sums = np.zeros((state * tokens, 2 * LANES), np.float32)  # those of dB and dC, still a lane a channel
    zero = broadcast(F(0.0))
    for c in range(0, channels, LANES):
        left = channels - c
        for t in range(tokens):
            step, x, out = load(raw, t, c, left), load(u, t, c, left), load(dy, t, c, left)
            prefetch(raw, tokens + t, c)
            prefetch(u, tokens + t, c)
            prefetch(dy, tokens + t, c)
            prefetch(draw, t, c)
            prefetch(du, t, c)
            if gated:
                prefetch(scanned, tokens + t, c)
                prefetch(projected, tokens + t, channels + c)
                prefetch(dprojected, tokens + t, channels + c)
                step = softplus(step)
                gate = load(projected, t, channels + c, left)
                open_ = sigmoid(gate)
                slope = open_ * (gate * (F(1.0) - open_) + F(1.0))  # of silu
                store(dprojected, t, channels + c, left, out * load(scanned, t, c, left) * slope)
                out = out * (gate * open_)
            write(own, t, step_, step)
            write(own, t, dx_, step * x)
            write(own, t, out_, out)
            write(own, t, along_B_, zero)
            write(own, t, along_step_, zero)
        for n in range(state):
            a = load(A, n, c, left)
            a_log2, h = a * _LOG2_E, zero
            for t in range(tokens):
                decay = exp2_of_negative(read(own, t, step_) * a_log2)
                write(own, t, decay_, decay)
                write(own, t, h_, h)
                h = decay * h + read(own, t, dx_) * selected[t, before + n]
            g, da = zero, zero
            for t in range(tokens - 1, -1, -1):
                out, last, row = read(own, t, out_), read(own, t, h_), n * tokens + t
                reached = g + out * selected[t, before + state + n]
                write(sums, row, 0, read(sums, row, 0) + reached * read(own, t, dx_))
                write(sums, row, LANES, read(sums, row, LANES) + out * h)
                g = reached * read(own, t, decay_)
                through = g * last
                write(own, t, along_B_, read(own, t, along_B_) + reached * selected[t, before + n])
                write(own, t, along_step_, read(own, t, along_step_) + through * a)
                da = da + through * read(own, t, step_)
                h = last
            store(dA, n, c, left, da)
        skip, dskip = load(D, 0, c, left), zero
        for t in range(tokens):
            x, out, along_B = load(u, t, c, left), read(own, t, out_), read(own, t, along_B_)
            along_step = read(own, t, along_step_) + along_B * x
            if gated:
                along_step = along_step * sigmoid(load(raw, t, c, left))  # the slope of softplus
            store(draw, t, c, left, along_step)
            store(du, t, c, left, along_B * read(own, t, step_) + out * skip)
            dskip = dskip + out * x
        store(dD, 0, c, left, dskip)
    for n in range(state):
        for t in range(tokens):
            dselected[t, before + n] = total(read(sums, n * tokens + t, 0))
            dselected[t, before + state + n] = total(read(sums, n * tokens + t, LANES))


def _forward(u, raw, A, D, selected, projected, scanned, y, gated):
    for b in numba.prange(len(u)):
        _forward_prompt(u[b], raw[b], A, D, selected[b], projected[b], scanned[b], y[b], gated)


def _backward(dy, u, raw, A, D, selected, projected, scanned, du, draw, dA, dD, dselected, dprojected, gated):
    for b in numba.prange(len(u)):
        _backward_prompt(
            dy[b], u[b], raw[b], A, D, selected[b], projected[b], scanned[b],
            du[b], draw[b], dA[b], dD[b], dselected[b], dprojected[b], gated,
        )  # fmt: skip


@functools.cache
def forward_kernel() -> Any:
    """(u, raw, A, D, selected, projected, scanned, y, gated): writes `scanned`, and y where gated."""
    return compiled(_forward, parallel=True)


@functools.cache
def backward_kernel() -> Any:
    """(dy, u, raw, A, D, selected, projected, scanned, du, draw, dA, dD, dselected, dprojected, gated).

    Writes all of du, draw, dA, dD, the columns of B and C in `dselected`, and where gated the gate's half of
    `dprojected`.
    """
    return compiled(_backward, parallel=True)
