"""Exact predictors are exact under continuous priors. Frozen numbers lie on a grid, and its bits say more."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from icl_bench.baselines.base import get_baseline
from icl_bench.function_classes.streams import GRID
from icl_bench.suites import generate, load_suite

SIZE = 2**12  # of every part of the vector that is looked for


def across(row: np.ndarray, others: np.ndarray) -> np.ndarray:
    """What is left of a vector orthogonal to others, which are orthogonal to each other."""
    return row - sum(row @ other / (other @ other) * other for other in others)


def shortened(rows: list[list[int]]) -> list[list[int]]:
    """A basis of the same lattice with short vectors in it (Lenstra, Lenstra and Lovász 1982)."""
    basis = np.array(rows, object) * Fraction(1)
    orthogonal = basis.copy()  # of the rows before k
    k = 1
    while k < len(basis):
        for j in reversed(range(k)):
            basis[k] -= round(basis[k] @ orthogonal[j] / (orthogonal[j] @ orthogonal[j])) * basis[j]
        last = orthogonal[k - 1]
        orthogonal[k] = across(basis[k], orthogonal[:k])
        without_last = across(basis[k], orthogonal[: k - 1])
        if 4 * without_last @ without_last >= 3 * last @ last:
            k += 1
        else:
            basis[[k - 1, k]] = basis[[k, k - 1]]
            orthogonal[k - 1] = without_last
            k = max(k - 1, 1)
    return [[int(value) for value in row] for row in basis]


def weights_on_the_grid(xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """The odd multiples w of the grid, of the size that w is drawn at, for which y = w · x but for rounding.

    With w = 2c + 1 in units of the grid, (c, 1, 2 x · c + Σ x − y) is a short vector of a lattice; its last
    parts are what float32 rounded the targets by. Inputs (points, d), targets (points).
    """
    inputs = [[int(value) for value in row] for row in np.rint(xs / GRID)]
    targets = [int(value) for value in np.rint(ys / GRID**2)]
    scales = [3 * SIZE // max(1, int(np.spacing(abs(y)) / GRID**2)) for y in ys]
    d = xs.shape[1]
    columns = list(zip(inputs, targets, scales, strict=True))
    basis = [
        [int(j == k) for k in range(d)] + [0] + [2 * row[j] * scale for row, _, scale in columns]
        for j in range(d)
    ]
    rest = [(sum(row) - y) * scale for row, y, scale in columns]
    short = shortened([*basis, [0] * d + [SIZE, *rest]])
    c = next(np.array(row[:d]) * row[d] // SIZE for row in short if abs(row[d]) == SIZE)
    return (2 * c + 1) * GRID


def frozen(name: str, prompts: int):
    """Inputs, targets and weights, and the mean error of the exact predictor at each context length."""
    task = load_suite("mini").task(name)
    xs, ys, parameters = generate(task, "mini-v1", "eval", 0, prompts)
    errors = np.square(get_baseline(task.exact, task).predict(xs, ys) - ys)
    return xs, ys[:, :, 0], parameters["w"], errors.mean(axis=(0, 2))


@pytest.mark.slow
def test_three_examples_tell_five_weights_of_linear_regression():
    xs, ys, weights, errors = frozen("linear_regression", 8)
    assert errors[3] > 0.1
    for prompt, w in enumerate(weights):
        np.testing.assert_array_equal(weights_on_the_grid(xs[prompt, :3], ys[prompt, :3]), w)


def test_two_examples_tell_which_two_weights_of_sparse_linear_regression_are_kept():
    xs, ys, weights, errors = frozen("sparse_linear_regression", 50)
    assert errors[2] > 0.1
    for prompt, w in enumerate(weights):
        fits = []
        for support in map(list, combinations(range(xs.shape[2]), 2)):
            chosen = xs[prompt, :2, support].T.astype(np.float64)
            solved = np.linalg.solve(chosen, ys[prompt, :2])
            rounded = (2 * np.rint((solved / GRID - 1) / 2) + 1) * GRID
            if np.array_equal((chosen @ rounded).astype(np.float32), ys[prompt, :2]):
                fits.append(np.zeros_like(w))
                fits[-1][support] = rounded
        np.testing.assert_array_equal(fits, [w])
