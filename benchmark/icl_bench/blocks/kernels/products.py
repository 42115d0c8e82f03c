"""Products of small matrices in the cache for numba kernels: ROWS rows of a product at a time, in registers.

Matrices come from `scratch`: whole vectors a row, and zeros wherever nothing was written.
"""

import numba
import numpy as np

from icl_bench.blocks.kernels.lanes import LANES, F, broadcast, read, write
from icl_bench.blocks.kernels.rows import padded

ROWS = 4  # of a product that are computed together
_njit = numba.njit(error_model="numpy")


@_njit
def scratch(count, size):
    """Zeroed square matrices of at least that size."""
    return np.zeros((count, padded(size, LANES), padded(size, LANES)), np.float32)


@_njit
def transpose(rows, tokens, head, columns):
    for t in range(tokens):
        for c in range(head):
            columns[c, t] = rows[t, c]


@_njit
def rows_times(product, i, a, b, c, length):
    """product[i + r, c : c + LANES] = Σ_t a[i + r, t] b[t, c : c + LANES], t < length, of ROWS rows."""
    zero = broadcast(F(0.0))
    x0, x1, x2, x3 = zero, zero, zero, zero
    for t in range(length):
        y = read(b, t, c)
        x0 = y * a[i, t] + x0
        x1 = y * a[i + 1, t] + x1
        x2 = y * a[i + 2, t] + x2
        x3 = y * a[i + 3, t] + x3
    write(product, i, c, x0)
    write(product, i + 1, c, x1)
    write(product, i + 2, c, x2)
    write(product, i + 3, c, x3)


@_njit
def all_rows_times(product, i, a, b, width, length):
    """`rows_times` of all c < width, by two vectors: so many sums that none waits for its last addition."""
    c = 0
    while c + LANES < width:
        _two_vectors(product, i, a, b, c, length)
        c += 2 * LANES
    if c < width:
        rows_times(product, i, a, b, c, length)


@_njit
def _two_vectors(product, i, a, b, c, length):
    zero = broadcast(F(0.0))
    x0, x1, x2, x3 = zero, zero, zero, zero
    y0, y1, y2, y3 = zero, zero, zero, zero
    for t in range(length):
        x, y = read(b, t, c), read(b, t, c + LANES)
        x0, y0 = x * a[i, t] + x0, y * a[i, t] + y0
        x1, y1 = x * a[i + 1, t] + x1, y * a[i + 1, t] + y1
        x2, y2 = x * a[i + 2, t] + x2, y * a[i + 2, t] + y2
        x3, y3 = x * a[i + 3, t] + x3, y * a[i + 3, t] + y3
    write(product, i, c, x0)
    write(product, i, c + LANES, y0)
    write(product, i + 1, c, x1)
    write(product, i + 1, c + LANES, y1)
    write(product, i + 2, c, x2)
    write(product, i + 2, c + LANES, y2)
    write(product, i + 3, c, x3)
    write(product, i + 3, c + LANES, y3)


@_njit
def columns_times(product, j, a, b, c, length):
    """product[j + r, c : c + LANES] = Σ_t a[t, j + r] b[t, c : c + LANES], j ≤ t < length, of ROWS rows."""
    zero = broadcast(F(0.0))
    x0, x1, x2, x3 = zero, zero, zero, zero
    for t in range(j, length):
        y = read(b, t, c)
        x0 = y * a[t, j] + x0
        x1 = y * a[t, j + 1] + x1
        x2 = y * a[t, j + 2] + x2
        x3 = y * a[t, j + 3] + x3
    write(product, j, c, x0)
    write(product, j + 1, c, x1)
    write(product, j + 2, c, x2)
    write(product, j + 3, c, x3)
