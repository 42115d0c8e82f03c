"""The Omega rule, a token after the other: numba kernels for training on a CPU.

    u_j = Sᵀ k_j − v_j for the last `window` tokens j,   Z ← θ Z + Σ γ_j k_j u_jᵀ,   S ← α S − η Z,   o = Sᵀ q

One head of one prompt at a time. The backward pass computes S and Z after every token anew and goes back
through them; no state is in memory for longer than that. What a token reads of its own step is computed
apart, by products of numbers: where terms cancel, as in the gradient of a norm, one rounding error is left.

Shapes: q, k (batch, tokens, heads, key); v and o (…, value); gates (…, 4): γ, η, α and θ of each token.
"""

import functools
from typing import Any

import numba
import numpy as np
import torch
from torch import Tensor

from icl_bench.blocks.kernels.lanes import LANES, F, broadcast, read, store, total, write
from icl_bench.blocks.kernels.mixer import run
from icl_bench.blocks.kernels.rows import copy_row, dot, of_token, padded, totals, two_products
from icl_bench.compiled import compiled
from icl_bench.resources import threads

_V, _O, _ROWS = range(3)  # what a token keeps a value number of; _O is do in the backward pass
_Q, _K, _WRITTEN, _COLUMNS = range(4)  # and a key number of; _WRITTEN is γ k
_WRITE, _RATE, _DECAY, _MOMENTUM = range(4)  # the gates
_njit = numba.njit(error_model="numpy")


def compiled_omega(
    q: Tensor, k: Tensor, v: Tensor, gates: tuple[Tensor, Tensor, Tensor, Tensor], window: int
) -> Tensor:
    """The answers (batch, heads, tokens, value) of inputs that lie the same way; γ, η, α and θ."""
    inputs = (x.transpose(1, 2) for x in (q, k, v, torch.cat(gates, dim=-1)))
    return OmegaRule.apply(*inputs, window).transpose(1, 2)


class OmegaRule(torch.autograd.Function):
    """(q, k, v, gates, window) to o, differentiable once in each but the last."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, gates: Tensor, window: int) -> Tensor:
        inputs = tuple(x.contiguous() for x in (q, k, v, gates))
        o = torch.empty_like(inputs[2])
        run(_kernels()[0], threads(), window, *inputs, o)
        ctx.save_for_backward(*inputs)
        ctx.window = window
        return o

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, do: Tensor) -> tuple[Tensor | None, ...]:
        gradients = tuple(torch.empty_like(x) for x in ctx.saved_tensors)
        run(_kernels()[1], threads(), ctx.window, do.contiguous(), *ctx.saved_tensors, *gradients)
        return (*gradients, None)


@functools.cache
def _kernels() -> tuple[Any, Any]:
    return compiled(_forward, parallel=True), compiled(_backward, parallel=True)


def _forward(parts, window, q, k, v, gates, o):
    tokens, key, wide = q.shape[1], padded(q.shape[3], 2), padded(v.shape[3], 2 * LANES)
    for part in numba.prange(parts):
        S, Z = np.empty((key, wide), np.float32), np.empty((key, wide), np.float32)
        rows, columns = _scratch(tokens, key, wide)
        missed = np.zeros((tokens * window, wide), np.float32)
        for i in range(part * len(q) // parts, (part + 1) * len(q) // parts):
            for h in range(q.shape[2]):
                S[:] = F(0.0)
                Z[:] = F(0.0)
                for t in range(tokens):
                    own = _begin(q[i, t], k[i, t], v[i, t], gates[i, t], h, t, rows, columns)
                    _token(S, Z, 0, 0, key, t, window, rows, columns, missed, gates[i, t, h])
                    for j in range(0, v.shape[3], LANES):
                        store(o[i, t], h, j, v.shape[3] - j, read(own, _O, j))


def _backward(parts, window, do, q, k, v, gates, dq, dk, dv, dgates):
    tokens, key, wide = q.shape[1], padded(q.shape[3], 2), padded(v.shape[3], 2 * LANES)
    for part in numba.prange(parts):
        states, G = np.zeros((2, (tokens + 1) * key, wide), np.float32), np.empty((2, key, wide), np.float32)
        rows, columns = _scratch(tokens, key, wide)
        missed, changed = _zeros(tokens * window, wide), _zeros(2 * window, wide)
        sums = _zeros((2 + window) * LANES, LANES)
        of_values, of_keys = _zeros(tokens, wide), _zeros(tokens, columns.shape[1])
        for i in range(part * len(q) // parts, (part + 1) * len(q) // parts):
            for h in range(q.shape[2]):
                for t in range(tokens):
                    _begin(q[i, t], k[i, t], v[i, t], gates[i, t], h, t, rows, columns)
                    S, Z, own = states[0], states[1], gates[i, t, h]
                    _token(S, Z, t * key, (t + 1) * key, key, t, window, rows, columns, missed, own)
                _no_gradients(G, of_values, of_keys, dgates[i, :, h])
                for t in range(tokens - 1, -1, -1):
                    copy_row(do[i, t], h, of_token(rows, t, _ROWS), _O)
                    known = t, window, rows, columns
                    _into_errors(G, *known, missed, changed, of_values, gates[i, :, h], dgates[i, :, h])
                    own, of_own = gates[i, t, h], dgates[i, t, h]
                    _into_keys(G, states, *known, changed, sums, of_keys, dq[i, t], h, own, of_own)
                    for j in range(0, v.shape[3], LANES):
                        store(dv[i, t], h, j, v.shape[3] - j, read(of_values, t, j))
                    for c in range(0, q.shape[3], LANES):
                        store(dk[i, t], h, c, q.shape[3] - c, read(of_keys, t, c))


@_njit
def _zeros(rows, columns):
    return np.zeros((rows, columns), np.float32)


@_njit
def _no_gradients(G, of_values, of_keys, dgates):
    G[:] = F(0.0)
    of_values[:] = F(0.0)
    of_keys[:] = F(0.0)
    dgates[:] = F(0.0)


@_njit
def _scratch(tokens, key, wide):
    """Rows of value numbers and columns of key numbers of all tokens."""
    columns = np.zeros((tokens * _COLUMNS, padded(key, LANES)), np.float32)
    return np.zeros((tokens * _ROWS, wide), np.float32), columns


@_njit
def _begin(q, k, v, gates, h, t, rows, columns):
    """Copies what a token says; its rows."""
    own, keys = of_token(rows, t, _ROWS), of_token(columns, t, _COLUMNS)
    copy_row(v, h, own, _V)
    copy_row(q, h, keys, _Q)
    copy_row(k, h, keys, _K)
    for c in range(keys.shape[1]):
        keys[_WRITTEN, c] = gates[h, _WRITE] * keys[_K, c]
    return own


@_njit
def _token(S, Z, before, after, key, t, window, rows, columns, missed, gates):
    """S and Z, which begin at row `before`, after a token, to row `after`; what is missed of the window, and
    o."""
    rate, decay, momentum, q = gates[_RATE], gates[_DECAY], gates[_MOMENTUM], t * _COLUMNS + _Q
    first, zero = max(t - window + 1, 0), broadcast(F(0.0))
    for j in range(0, S.shape[1], 2 * LANES):
        i, o0, o1 = j + LANES, zero, zero
        for s in range(first, t + 1):
            u0, u1, o0, o1 = two_products(S, before, key, j, columns, s * _COLUMNS + _K, q)
            write(missed, t * window + t - s, j, u0 - read(rows, s * _ROWS + _V, j))
            write(missed, t * window + t - s, i, u1 - read(rows, s * _ROWS + _V, i))
        z0, z1, _, _ = two_products(Z, before, key, j, columns, q, q)
        o0, o1 = o0 * decay - z0 * (rate * momentum), o1 * decay - z1 * (rate * momentum)
        for s in range(first, t + 1):
            share = rate * dot(columns, s * _COLUMNS + _WRITTEN, columns, q)
            o0 = o0 - read(missed, t * window + t - s, j) * share
            o1 = o1 - read(missed, t * window + t - s, i) * share
        write(rows, t * _ROWS + _O, j, o0)
        write(rows, t * _ROWS + _O, i, o1)
        for c in range(key):
            z0, z1 = read(Z, before + c, j) * momentum, read(Z, before + c, i) * momentum
            for s in range(first, t + 1):
                written = columns[s * _COLUMNS + _WRITTEN, c]
                z0 = z0 + read(missed, t * window + t - s, j) * written
                z1 = z1 + read(missed, t * window + t - s, i) * written
            write(Z, after + c, j, z0)
            write(Z, after + c, i, z1)
            write(S, after + c, j, read(S, before + c, j) * decay - z0 * rate)
            write(S, after + c, i, read(S, before + c, i) * decay - z1 * rate)


@_njit
def _into_errors(both, t, window, rows, columns, missed, changed, of_values, gates, dgates):
    """The gradients of what is missed of the window and, by them, of v and γ; `both` are those of S and of Z
    after the token, but for its own answer. `changed`: the former, then γ u, a row each for 0, 1, … back."""
    G, H = both[0], both[1]
    rate, key = gates[t, _RATE], len(G)
    for s in range(max(t - window + 1, 0), t + 1):
        k, row = s * _COLUMNS + _K, t - s
        own = rate * dot(columns, k, columns, t * _COLUMNS + _Q)  # times do: by the token's own answer
        for j in range(0, G.shape[1], 2 * LANES):
            i = j + LANES
            g0, g1, _, _ = two_products(G, 0, key, j, columns, k, k)
            h0, h1, _, _ = two_products(H, 0, key, j, columns, k, k)
            write(changed, row, j, h0 - g0 * rate)
            write(changed, row, i, h1 - g1 * rate)
        of_own = dot(rows, t * _ROWS + _O, missed, t * window + row)
        dgates[s, _WRITE] += dot(changed, row, missed, t * window + row) - own * of_own
        for j in range(0, G.shape[1], LANES):
            du = (read(changed, row, j) - read(rows, t * _ROWS + _O, j) * own) * gates[s, _WRITE]
            write(changed, row, j, du)
            write(changed, window + row, j, read(missed, t * window + row, j) * gates[s, _WRITE])
            write(of_values, s, j, read(of_values, s, j) - du)


@_njit
def _into_keys(both, states, t, window, rows, columns, changed, sums, of_keys, dq, h, gates, dgates):
    """The gradients of q and of the window's k, and of η, α and θ; `both` become those of S and of Z before
    the token."""
    G, H, S, Z = both[0], both[1], states[0], states[1]
    first, zero, do = max(t - window + 1, 0), broadcast(F(0.0)), t * _ROWS + _O
    rate, decay, momentum = gates[_RATE], gates[_DECAY], gates[_MOMENTUM]
    of_rate, of_decay, of_momentum = zero, zero, zero
    for group in range(0, len(G), LANES):
        for c in range(group, min(group + LANES, len(G))):
            q, row = columns[t * _COLUMNS + _Q, c], c - group
            in_S, in_Z, by_rate, by_decay, by_momentum = _states(G, H, S, Z, t * len(G), c, rate, rows, do)
            write(sums, row, 0, in_S)
            write(sums, LANES + row, 0, in_Z)
            of_rate = of_rate + by_rate + in_Z * (q * momentum)
            of_decay = of_decay + by_decay + in_S * q
            of_momentum = of_momentum + by_momentum - in_Z * (q * rate)
            _errors(G, H, S, t, c, row, window, rows, columns, changed, sums, gates)
        q, dq_ = read(columns, t * _COLUMNS + _Q, group), totals(sums, 0) * decay
        dq_ = dq_ - totals(sums, LANES) * (rate * momentum)
        for s in range(first, t + 1):
            share = rate * dot(changed, window + t - s, rows, do)
            dq_ = dq_ - read(columns, s * _COLUMNS + _K, group) * share
            of_k = read(of_keys, s, group) + totals(sums, (2 + t - s) * LANES) - q * share
            write(of_keys, s, group, of_k)
        store(dq, h, group, dq.shape[1] - group, dq_)
    by_rate = total(of_rate)
    for s in range(first, t + 1):
        by_rate += dot(columns, t * _COLUMNS + _Q, columns, s * _COLUMNS + _K) * dot(
            changed, window + t - s, rows, do
        )
    dgates[_RATE], dgates[_DECAY], dgates[_MOMENTUM] = -by_rate, total(of_decay), total(of_momentum)


@_njit
def _states(G, H, S, Z, before, c, rate, rows, do):
    """Of a key number: S do, Z do, and its parts of the sums of the gradients of η, α and θ, as vectors. Its
    row of H becomes that of the gradient of Z after the token, but for its own answer."""
    zero = broadcast(F(0.0))
    in_S, in_Z, by_rate, by_decay, by_momentum = zero, zero, zero, zero, zero
    for j in range(0, G.shape[1], LANES):
        g, s, z, of_o = read(G, c, j), read(S, before + c, j), read(Z, before + c, j), read(rows, do, j)
        of_z = read(H, c, j) - g * rate
        write(H, c, j, of_z)
        in_S, in_Z = in_S + s * of_o, in_Z + z * of_o
        by_decay, by_momentum = by_decay + g * s, by_momentum + of_z * z
        by_rate = by_rate + g * read(Z, before + len(G) + c, j)
    return in_S, in_Z, by_rate, by_decay, by_momentum


@_njit
def _errors(G, H, S, t, c, row, window, rows, columns, changed, sums, gates):
    """A key number's part of the gradients of the window's k, in `sums` behind those of q, and its rows of G
    and H before the token."""
    first, do, q, before = max(t - window + 1, 0), t * _ROWS + _O, columns[t * _COLUMNS + _Q, c], t * len(G)
    for s in range(first, t + 1):
        of_k = broadcast(F(0.0))
        for j in range(0, G.shape[1], LANES):
            of_k = of_k + read(H, c, j) * read(changed, window + t - s, j)
            of_k = of_k + read(S, before + c, j) * read(changed, t - s, j)
        write(sums, (2 + t - s) * LANES + row, 0, of_k)
    for j in range(0, G.shape[1], LANES):
        of_o = read(rows, do, j)
        g = (read(G, c, j) + of_o * q) * gates[_DECAY]
        for s in range(first, t + 1):
            g = g + read(changed, t - s, j) * columns[s * _COLUMNS + _K, c]
        write(G, c, j, g)
        write(H, c, j, (read(H, c, j) - of_o * (q * gates[_RATE])) * gates[_MOMENTUM])
