"""Ridge regression against singular values, one solve a prompt and context length, and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sklearn.linear_model import Ridge as ScikitRidge

from icl_bench.baselines.base import get_baseline
from icl_bench.baselines.least_squares import LeastSquares
from icl_bench.baselines.ridge import Ridge
from icl_bench.suites import find_task, load_prompts


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def svd_answers(xs: np.ndarray, ys: np.ndarray, penalty: float) -> np.ndarray:
    answers = np.zeros(ys.shape)
    xs, ys = xs.astype(np.float64), ys.astype(np.float64)
    for prompt in range(xs.shape[0]):
        for i in range(1, xs.shape[1]):
            U, s, Vt = np.linalg.svd(xs[prompt, :i], full_matrices=False)
            shrunk = (s / (s * s + penalty))[:, None] * (U.T @ ys[prompt, :i])
            answers[prompt, i] = xs[prompt, i] @ Vt.T @ shrunk
    return answers


def assert_agrees(xs: np.ndarray, ys: np.ndarray, penalty: float) -> None:
    """Relative error at most 1e-5 on every prediction, or 1e-6 of the prompt's largest where it cancels."""
    reference = svd_answers(xs, ys, penalty)
    scale = np.abs(reference).max(axis=(1, 2), keepdims=True)
    error = np.abs(Ridge(penalty=penalty).predict(xs, ys) - reference)
    assert (error <= 1e-5 * np.abs(reference) + 1e-6 * scale).all()


def test_at_paper_size():
    assert_agrees(normal(0, 40, 41, 20), normal(1, 40, 41, 1), penalty=1.0)


@given(
    batch=st.integers(1, 3),
    points=st.integers(1, 14),
    d=st.integers(1, 6),
    k=st.integers(1, 3),
    power=st.integers(-15, 15),
    share=st.sampled_from([1e-4, 1e-2, 1.0, 1e3]),  # of the penalty in a coordinate's mean square
    seed=st.integers(0, 10_000),
)
@settings(max_examples=200, deadline=None)
def test_every_shape_and_scale(batch, points, d, k, power, share, seed):
    scale = 10.0**power
    xs = normal(seed, batch, points, d) * np.float32(scale)
    assert_agrees(xs, normal(seed + 1, batch, points, k), share * scale**2)


DEGENERATE = {
    "constant": lambda: np.broadcast_to(normal(0, 6, 1, 4), (6, 12, 4)),
    "zero": lambda: np.zeros((6, 12, 4), np.float32),
    "each point twice": lambda: normal(0, 6, 8, 5).repeat(2, axis=1),
    "one direction": lambda: normal(0, 6, 12, 1) * np.float32([1, 2, 0, -4]),
    "signs": lambda: np.sign(normal(0, 6, 25, 6)),
    "nearly equal points": lambda: normal(0, 6, 1, 4) + np.float32(1e-6) * normal(1, 6, 12, 4),
}


@pytest.mark.parametrize("kind", DEGENERATE)
def test_degenerate_inputs(kind):
    xs = np.ascontiguousarray(DEGENERATE[kind]())
    assert_agrees(xs, normal(7, *xs.shape[:2], 2), penalty=1.0)


def test_the_penalty_is_scikit_learns():
    xs, ys = normal(0, 1, 12, 5), normal(1, 1, 12, 1)
    model = ScikitRidge(alpha=0.7, fit_intercept=False).fit(xs[0, :11], ys[0, :11, 0])
    prediction = Ridge(penalty=0.7).predict(xs, ys)[0, 11]
    np.testing.assert_allclose(prediction, model.predict(xs[0, 11:]), rtol=1e-4)


def test_inputs_beside_which_the_penalty_vanishes_are_fitted_as_without_it():
    xs = normal(0, 5, 41, 3) * np.float32(1e12)
    ys = xs @ normal(1, 5, 3, 1)
    np.testing.assert_allclose(
        Ridge().predict(xs, ys)[:, 8:], LeastSquares().predict(xs, ys)[:, 8:], rtol=1e-3, atol=1e8
    )


@pytest.mark.parametrize("penalty", [0.0, -1.0, float("inf"), float("nan")])
def test_a_penalty_that_is_none_is_refused(penalty):
    with pytest.raises(ValidationError, match="penalty"):
        Ridge(penalty=penalty)


def test_with_noise_of_variance_1_it_is_the_dense_posterior_mean():
    """w ~ N(0, I) and y = Xw + ε given the context, conditioned jointly: no shortcut of ridge regression."""
    suite, task = find_task("mini-shifts/linear_noise")
    prompts = load_prompts(suite, task.name).part(slice(4))
    answers = get_baseline(task.exact, task).predict(prompts.xs, prompts.ys)
    for prompt in range(4):
        for i in range(1, task.points):
            X, y = prompts.xs[prompt, :i].astype(np.float64), prompts.ys[prompt, :i, 0].astype(np.float64)
            joint = np.block([[np.eye(5), X.T], [X, X @ X.T + np.eye(i)]])  # covariance of (w, y)
            mean = joint[:5, 5:] @ np.linalg.inv(joint[5:, 5:]) @ y
            assert answers[prompt, i, 0] == pytest.approx(prompts.xs[prompt, i] @ mean, abs=1e-4)
