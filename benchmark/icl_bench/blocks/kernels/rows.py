"""Matrices that a kernel keeps in the cache, in whole vectors: what the recurrences do with their rows."""

import numba

from icl_bench.blocks.kernels.lanes import LANES, F, add_neighbours, broadcast, load, read, total, write

_njit = numba.njit(error_model="numpy")


@_njit
def padded(size, to):
    """Whole vectors, or groups, that hold so many numbers."""
    return size + -size % to


@_njit
def of_token(rows, t, each):
    """The rows of one token."""
    return rows[t * each : (t + 1) * each]


@_njit
def copy_row(x, h, rows, row):
    """x[h] into a row, with zeros behind it."""
    for j in range(0, rows.shape[1], LANES):
        write(rows, row, j, load(x, h, j, x.shape[1] - j))


@_njit
def dot(x, row, y, other):
    """The product of two rows."""
    sums = broadcast(F(0.0))
    for j in range(0, x.shape[1], LANES):
        sums = sums + read(x, row, j) * read(y, other, j)
    return total(sums)


@_njit
def two_products(S, first, key, j, keys, x, y):
    """Sᵀ x and Sᵀ y of two vectors of value numbers, S beginning at row `first`; even and odd key numbers are
    summed apart, so that no sum waits for another."""
    zero, i = broadcast(F(0.0)), j + LANES
    x0, x1, y0, y1 = zero, zero, zero, zero
    x2, x3, y2, y3 = zero, zero, zero, zero
    for c in range(0, key, 2):
        s0, s1, a, b = read(S, first + c, j), read(S, first + c, i), keys[x, c], keys[y, c]
        x0, x1, y0, y1 = x0 + s0 * a, x1 + s1 * a, y0 + s0 * b, y1 + s1 * b
        s0, s1, a, b = read(S, first + c + 1, j), read(S, first + c + 1, i), keys[x, c + 1], keys[y, c + 1]
        x2, x3, y2, y3 = x2 + s0 * a, x3 + s1 * a, y2 + s0 * b, y3 + s1 * b
    return x0 + x2, x1 + x3, y0 + y2, y1 + y3


@_njit
def totals(sums, row):
    """The totals of LANES rows, a lane each."""
    return add_neighbours(_of_eight(sums, row), _of_eight(sums, row + 8))


@_njit
def _of_eight(sums, row):
    return add_neighbours(_of_four(sums, row), _of_four(sums, row + 4))


@_njit
def _of_four(sums, row):
    return add_neighbours(
        add_neighbours(read(sums, row, 0), read(sums, row + 1, 0)),
        add_neighbours(read(sums, row + 2, 0), read(sums, row + 3, 0)),
    )
