"""Networks of one hidden layer, each trained to the end before the next, so that it stays in cache.

A network answers Σ_h V[t, h] z[h] + b[t] with z[h] = relu(Σ_c x[c] W[c, h]): the last row of W is the
bias of the hidden units, with x[d] = 1. Hidden units lie side by side in memory and are padded to whole
vectors of LANES; a unit whose weights are all 0 has gradients of 0 and stays as it is.
"""

import functools

import numba
import numpy as np

from icl_bench.compiled import compiled

LANES = 16

_F = np.float32
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # Adam's, as everywhere
_KEPT1, _NEW1 = _F(BETA1), _F(1 - BETA1)
_KEPT2, _NEW2 = _F(BETA2), _F(1 - BETA2)
_EPSILON, _ZERO, _TWO = _F(EPSILON), _F(0), _F(2)

# sums over hidden units may be taken as vectors
_vectorised = functools.partial(compiled, fastmath={"reassoc", "contract", "nsz"})


def adam_factors(rate: float, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each step, float32: the rate over the first bias correction, and one over the second's root."""
    step = np.arange(1, steps + 1)
    first, second = rate / (1 - BETA1**step), 1 / np.sqrt(1 - BETA2**step)
    return first.astype(np.float32), second.astype(np.float32)


@_vectorised
def _adam(w, m, v, scale, along, rate, root):
    """One step of Adam for a row of weights (units) with gradients scale · along and moments m and v."""
    for h in range(w.size):
        g = scale * along[h]
        first = _KEPT1 * m[h] + _NEW1 * g
        second = _KEPT2 * v[h] + _NEW2 * g * g
        m[h], v[h] = first, second
        w[h] -= rate * first / (np.sqrt(second) * root + _EPSILON)


@_vectorised
def _add(total, scale, row):
    """total += scale · row."""
    for h in range(total.size):
        total[h] += scale * row[h]


@_vectorised
def _dot(a, b):
    total = _ZERO
    for h in range(a.size):
        total += a[h] * b[h]
    return total


@_vectorised
def _hidden(W, x, z):
    """z = relu(x W)."""
    z[:] = _ZERO
    for c in range(x.size):
        _add(z, x[c], W[c])
    for h in range(z.size):
        z[h] = max(z[h], _ZERO)


@_vectorised
def _step(W, V, b, moments_W, moments_V, moments_b, x, y, z, dz, rate, root):
    """One step of Adam on the mean over outputs of (answer − y)², at one point x (d + 1) with y (k)."""
    _hidden(W, x, z)
    dz[:] = _ZERO
    for t in range(y.size):
        slope = _TWO * (_dot(z, V[t]) + b[t] - y[t]) / _F(y.size)
        _add(dz, slope, V[t])
        _adam(V[t], moments_V[0, t], moments_V[1, t], slope, z, rate, root)
        bias_input = z[:1]  # the gradient of a bias is the slope itself
        saved, bias_input[0] = bias_input[0], _F(1)
        _adam(b[t : t + 1], moments_b[0, t : t + 1], moments_b[1, t : t + 1], slope, bias_input, rate, root)
        bias_input[0] = saved
    for h in range(z.size):
        if z[h] <= _ZERO:
            dz[h] = _ZERO
    for c in range(x.size):
        _adam(W[c], moments_W[0, c], moments_W[1, c], x[c], dz, rate, root)


@compiled
def _train(xs, ys, query, hidden, out, out_bias, order, rates, roots, answer):
    """One network of `train_and_ask`: context xs (points, d) and ys (points, k), query (d), answer (k)."""
    d, k, units = xs.shape[1], ys.shape[1], hidden.shape[1]
    W, V, b = hidden.copy(), out.copy(), out_bias.copy()
    moments_W = np.zeros((2, d + 1, units), np.float32)
    moments_V = np.zeros((2, k, units), np.float32)
    moments_b = np.zeros((2, k), np.float32)
    z, dz, x = np.empty(units, np.float32), np.empty(units, np.float32), np.ones(d + 1, np.float32)
    for step in range(len(order)):
        x[:d] = xs[order[step]]
        _step(W, V, b, moments_W, moments_V, moments_b, x, ys[order[step]], z, dz, rates[step], roots[step])
    x[:d] = query
    _hidden(W, x, z)
    for t in range(k):
        answer[t] = _dot(z, V[t]) + b[t]


@functools.partial(compiled, parallel=True)
def train_and_ask(xs, ys, i, hidden, out, out_bias, order, rates, roots, predictions):
    """Train one network a prompt on its first i points, and write its answer at x_i to predictions[:, i].

    xs (batch, points, d), ys and predictions (batch, points, k) are float32, as the weights that every
    network starts from: `hidden` (d + 1, units), `out` (k, units), `out_bias` (k). There is one step for each
    entry of `order`, the index of a context point, with the factors of `adam_factors`.
    """
    for p in numba.prange(len(xs)):
        answer = predictions[p, i]
        _train(xs[p], ys[p], xs[p, i], hidden, out, out_bias, order, rates, roots, answer)
