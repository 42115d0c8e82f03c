"""The Lasso fits of all prefixes of many prompts, from cumulative Gram matrices.

Notation: G = Σ x xᵀ, c = Σ x y and l1 = i α over the context; the fit minimises ½‖y − Xw‖² + l1 ‖w‖₁,
which is i times the objective. r = y − Xw is known through G and c alone: q = Xᵀr = c − G w.

A fit starts from that of the previous prefix and takes turns. A coordinate descent sweep lets weights in
and out of the support; then a Newton step on the support with its signs held goes to the minimum there, or
to the first sign change on the way, where that weight leaves. It ends when the duality gap is down to
rounding.
"""

import functools

import numba
import numpy as np

from icl_bench.compiled import compiled

MAX_TURNS = 1_000
RELATIVE_GAP = 1e-10  # of the objective
ROUNDING = 1e-14  # of ½‖y‖²
RIDGE = 1e-10  # of the support's largest G_jj: Newton steps stay finite where the support is dependent

# sums over coordinates may be taken as vectors
_vectorised = functools.partial(compiled, fastmath={"reassoc", "contract", "nsz"})


@_vectorised
def _within_gap(c, yy, l1, w, q):
    """Whether the duality gap at w is small enough. The dual point is r, shrunk until |Xᵀr| ≤ l1."""
    steepest, size, along_c, along_q = 0.0, 0.0, 0.0, 0.0
    for j in range(w.size):
        steepest = max(steepest, abs(q[j]))
        size += abs(w[j])
        along_c += w[j] * c[j]
        along_q += w[j] * q[j]
    residual = max(yy - along_c - along_q, 0.0)
    shrink = 1.0 if steepest <= l1 else l1 / steepest
    objective = 0.5 * residual + l1 * size
    dual = shrink * (yy - along_c) - 0.5 * shrink * shrink * residual
    return objective - dual <= RELATIVE_GAP * objective + ROUNDING * 0.5 * yy


@_vectorised
def _residual_products(G, c, w, q):
    """q = c − G w."""
    q[:] = c
    for j in range(w.size):
        if w[j] != 0.0:
            for m in range(w.size):
                q[m] -= w[j] * G[j, m]


@_vectorised
def _sweep(G, l1, w, q):
    """Each weight in turn to its minimum, q kept up to date."""
    for j in range(w.size):
        if G[j, j] == 0.0:
            continue
        pull = q[j] + G[j, j] * w[j]
        new = max(abs(pull) - l1, 0.0) / G[j, j]
        if pull < 0.0:
            new = -new
        change = new - w[j]
        if change != 0.0:
            w[j] = new
            for m in range(w.size):
                q[m] -= change * G[j, m]


@_vectorised
def _newton(G, l1, w, q, support, L, step):
    """One step on the support with its signs held; True where it went all the way."""
    size, largest = 0, 0.0
    for j in range(w.size):
        if w[j] != 0.0:
            support[size] = j
            largest = max(largest, G[j, j])
            size += 1
    for a in range(size):  # L Lᵀ = G + RIDGE on the support, and step = L⁻¹(q − l1 sign)
        j = support[a]
        for b in range(a + 1):
            total = G[j, support[b]] + (RIDGE * largest if a == b else 0.0)
            for m in range(b):
                total -= L[a, m] * L[b, m]
            if a > b:
                L[a, b] = total / L[b, b]
            elif total <= 0.0:
                return True  # dependent beyond the ridge: left to the sweeps
            else:
                L[a, a] = np.sqrt(total)
        total = q[j] - (l1 if w[j] > 0.0 else -l1)
        for m in range(a):
            total -= L[a, m] * step[m]
        step[a] = total / L[a, a]
    for a in range(size - 1, -1, -1):  # step = L⁻ᵀ step
        for m in range(a + 1, size):
            step[a] -= L[m, a] * step[m]
        step[a] /= L[a, a]
    share, leaves = 1.0, -1
    for a in range(size):
        old = w[support[a]]
        if old * (old + step[a]) <= 0.0 and -old / step[a] < share:
            share, leaves = -old / step[a], support[a]
    for a in range(size):
        w[support[a]] += share * step[a]
    if leaves >= 0:
        w[leaves] = 0.0
    return leaves < 0


@compiled
def _fit(G, c, yy, l1, w, q, support, L, step):
    """Move w to the minimum."""
    _residual_products(G, c, w, q)
    for _ in range(MAX_TURNS):
        _sweep(G, l1, w, q)
        _residual_products(G, c, w, q)
        while True:
            if _within_gap(c, yy, l1, w, q):
                return
            arrived = _newton(G, l1, w, q, support, L, step)
            _residual_products(G, c, w, q)
            if arrived:
                break
        if _within_gap(c, yy, l1, w, q):
            return


@functools.partial(compiled, parallel=True)
def all_prefixes(xs, ys, alpha, predictions):
    """predictions (batch, points, k) of xs (batch, points, d) and ys (batch, points, k), all float64."""
    batch, points, d = xs.shape
    k = ys.shape[2]
    for prompt in numba.prange(batch):
        G, L = np.zeros((d, d)), np.empty((d, d))
        c, w, yy = np.zeros((k, d)), np.zeros((k, d)), np.zeros(k)
        q, step, support = np.empty(d), np.empty(d), np.empty(d, np.int64)
        for i in range(points):
            x, y = xs[prompt, i], ys[prompt, i]
            for t in range(k):
                if i > 0:
                    _fit(G, c[t], yy[t], i * alpha, w[t], q, support, L, step)
                total = 0.0
                for j in range(d):
                    total += w[t, j] * x[j]
                    c[t, j] += y[t] * x[j]
                predictions[prompt, i, t] = total
                yy[t] += y[t] * y[t]
            for j in range(d):
                for m in range(d):
                    G[j, m] += x[j] * x[m]
