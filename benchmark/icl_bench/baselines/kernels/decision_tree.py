"""Greedy regression trees of all prefixes of many prompts, grown only along the query's path.

Every coordinate keeps the context points in ascending order, each new point is put into its place, and a
split keeps the order on either side, so that nothing is sorted twice.
"""

import functools

import numba
import numpy as np

from icl_bench.compiled import compiled

TIE = 1e-11  # of the node's sum of squares: splits whose gains differ by less are equal


@compiled
def _mean(ys, node, mean):
    """Write the mean target of a node's points to `mean` (k), and return their squared deviations' sum."""
    mean[:] = 0.0
    for j in node:
        mean += ys[j]
    mean /= node.size
    squares = 0.0
    for j in node:
        for t in range(mean.size):
            squares += (ys[j, t] - mean[t]) ** 2
    return squares


@compiled
def _all_equal(ys, node):
    for j in node:
        for t in range(ys.shape[1]):
            if ys[j, t] != ys[node[0], t]:
                return False
    return True


@compiled
def _best_split(columns, ys, nodes, mean, tie, left):
    """The coordinate and threshold of largest gain, (−1, 0) where all inputs are equal.

    nodes (d, n) holds the node's points in the order of each coordinate. The gain is how much the squared
    deviations from the mean shrink: Σ_t left_t² n / (n_left n_right), left the sum of deviations on the left.
    """
    d, n = nodes.shape
    best, coordinate, threshold = -np.inf, -1, 0.0
    for f in range(d):
        left[:] = 0.0
        for place in range(n - 1):
            j = nodes[f, place]
            here, there = columns[f, j], columns[f, nodes[f, place + 1]]
            gain = 0.0
            for t in range(left.size):
                left[t] += ys[j, t] - mean[t]
                gain += left[t] * left[t]
            if here == there:
                continue
            gain *= n / ((place + 1) * (n - place - 1))
            if gain > best + tie:
                best, coordinate, threshold = gain, f, here / 2 + there / 2
    return coordinate, threshold


@compiled
def _follow(columns, ys, order, i, depth, nodes, left, answer):
    """Write the answer at point i to `answer` (k); order (d, ≥ i) holds the points before it, sorted."""
    n, level = i, 0
    nodes[:, :n] = order[:, :n]
    while True:
        squares = _mean(ys, nodes[0, :n], answer)
        if level == depth or _all_equal(ys, nodes[0, :n]):
            return
        f, threshold = _best_split(columns, ys, nodes[:, :n], answer, TIE * squares, left)
        if f < 0:
            return
        below = columns[f, i] <= threshold
        for c in range(nodes.shape[0]):
            count = 0
            for place in range(n):
                j = nodes[c, place]
                if (columns[f, j] <= threshold) == below:
                    nodes[c, count] = j
                    count += 1
        n = count
        level += 1


@functools.partial(compiled, parallel=True)
def all_prefixes(xs, ys, depth, predictions):
    """predictions (batch, points, k), 0 at i = 0, of xs (batch, points, d) and ys (batch, points, k).

    All are float64. `depth` is the number of splits above a leaf, at most; negative for any number.
    """
    batch, points, d = xs.shape
    for prompt in numba.prange(batch):
        columns = xs[prompt].T.copy()
        order, nodes = np.empty((d, points), np.int64), np.empty((d, points), np.int64)
        left = np.empty(ys.shape[2])
        predictions[prompt, 0] = 0.0
        for i in range(points):
            if i > 0:
                _follow(columns, ys[prompt], order, i, depth, nodes, left, predictions[prompt, i])
            for f in range(d):
                place = i
                while place > 0 and columns[f, order[f, place - 1]] > columns[f, i]:
                    order[f, place] = order[f, place - 1]
                    place -= 1
                order[f, place] = i
