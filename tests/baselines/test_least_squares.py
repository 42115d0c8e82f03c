"""The recursive fit against one SVD solve a prompt and context length, easy inputs and hard ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_bench.baselines.least_squares import LeastSquares


def svd_answers(xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """The minimum-norm fit of every prefix by `numpy.linalg.lstsq` in float64: the slow reference."""
    answers = np.zeros(ys.shape)
    xs, ys = xs.astype(np.float64), ys.astype(np.float64)
    for prompt in range(xs.shape[0]):
        for i in range(1, xs.shape[1]):
            weights = np.linalg.lstsq(xs[prompt, :i], ys[prompt, :i], rcond=None)[0]
            answers[prompt, i] = xs[prompt, i] @ weights
    return answers


def assert_agrees(xs: np.ndarray, ys: np.ndarray) -> None:
    """Relative error at most 1e-5 on every prediction, or 1e-7 of the prompt's largest where it cancels."""
    reference = svd_answers(xs, ys)
    scale = np.abs(reference).max(axis=(1, 2), keepdims=True)
    error = np.abs(LeastSquares().predict(xs, ys) - reference)
    assert (error <= 1e-5 * np.abs(reference) + 1e-7 * scale).all()


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_linear_targets_at_paper_size():
    xs = normal(0, 100, 41, 20)
    assert_agrees(xs, xs @ normal(1, 100, 20, 1))


def test_targets_that_are_not_linear_where_the_fit_spikes_at_context_length_d():
    assert_agrees(normal(0, 100, 41, 20), normal(1, 100, 41, 2))


@given(
    batch=st.integers(1, 3),
    points=st.integers(1, 14),
    d=st.integers(1, 6),
    k=st.integers(1, 3),
    power=st.integers(-12, 12),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=100, deadline=None)
def test_every_shape_and_scale(batch, points, d, k, power, seed):
    xs = normal(seed, batch, points, d) * np.float32(10.0**power)
    assert_agrees(xs, normal(seed + 1, batch, points, k) * np.float32(10.0 ** -(power // 2)))


DEGENERATE = {
    "constant": lambda: np.broadcast_to(normal(0, 6, 1, 4), (6, 12, 4)),
    "zero": lambda: np.zeros((6, 12, 4), np.float32),
    "zero at first": lambda: np.concatenate([np.zeros((6, 3, 4), np.float32), normal(0, 6, 9, 4)], axis=1),
    "each point twice": lambda: normal(0, 6, 8, 5).repeat(2, axis=1),
    "one direction": lambda: normal(0, 6, 12, 1) * np.float32([1, 2, 0, -4]),
    "signs": lambda: np.sign(normal(0, 60, 25, 6)),
    "a coordinate that never varies": lambda: normal(0, 6, 12, 4) * np.float32([1, 1, 0, 1]),
    "rank 2 but for rounding": lambda: normal(0, 40, 12, 2) @ normal(1, 40, 2, 5),
    "nearly equal points": lambda: normal(0, 6, 1, 4) + np.float32(1e-6) * normal(1, 6, 12, 4),
    "nearly equal points, then their exact sums": lambda: _near_then_dependent(),
    "coordinates of very different size": lambda: normal(0, 6, 12, 4) * np.float32([1, 1e-3, 1e-6, 1e3]),
}


def _near_then_dependent() -> np.ndarray:
    first = np.float32([[4096, 8192, 1024, 512]])
    second = first + np.float32([[0, 2**-10, 0, 0]])
    return np.stack(
        [first, second, first * 2, second * 4, first + 1, normal(0, 1, 4), normal(1, 1, 4)], axis=1
    )


@pytest.mark.parametrize("kind", DEGENERATE)
def test_degenerate_inputs(kind):
    xs = np.ascontiguousarray(DEGENERATE[kind]())
    assert_agrees(xs, normal(7, *xs.shape[:2], 2))


def test_prompts_of_different_rank_side_by_side():
    xs = np.concatenate([np.ascontiguousarray(make())[:6, :7, :4] for make in DEGENERATE.values()])
    assert_agrees(xs, normal(8, len(xs), 7, 1))


def test_error_on_linear_regression_falls_by_one_a_point_until_it_is_zero():
    # E(x·(w − ŵ_i))² = max(d − i, 0) for w ~ N(0, I): what is orthogonal to the context is unknown
    d, points, prompts = 5, 9, 4000
    xs, w = normal(0, prompts, points, d), normal(1, prompts, d, 1)
    squared = (LeastSquares().predict(xs, xs @ w) - xs @ w)[:, :, 0].astype(np.float64) ** 2
    standard_error = squared.std(axis=0) / np.sqrt(prompts)
    expected = np.maximum(d - np.arange(points), 0)
    assert (np.abs(squared.mean(axis=0) - expected) <= 4 * standard_error + 1e-6).all()
