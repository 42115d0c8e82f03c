"""Every fit against scikit-learn's Lasso run to convergence, and against the conditions of a minimum."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Lasso as ScikitLasso

from icl_bench.baselines.lasso import Lasso
from icl_bench.suites import find_task, generate


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def sparse_prompts(prompts: int) -> tuple[np.ndarray, np.ndarray]:
    suite, task = find_task("paper/sparse_linear_regression")
    xs, ys, _ = generate(task, suite.name, "dev", 0, prompts)
    return xs, ys


def weights(xs: np.ndarray, ys: np.ndarray, alpha: float) -> np.ndarray:
    """The fit to a whole context, read off as the answers to unit vectors: (d,)."""
    d = xs.shape[1]
    asked = np.concatenate([np.tile(xs, (d, 1, 1)), np.eye(d, dtype=np.float32)[:, None]], axis=1)
    labels = np.concatenate([np.tile(ys, (d, 1, 1)), np.zeros((d, 1, 1), np.float32)], axis=1)
    return Lasso(alpha=alpha).predict(asked, labels)[:, -1, 0].astype(np.float64)


def scikit_weights(xs: np.ndarray, ys: np.ndarray, alpha: float) -> np.ndarray:
    model = ScikitLasso(alpha=alpha, fit_intercept=False, tol=1e-13, max_iter=500_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a tolerance below its rounding is asked for
        return model.fit(xs.astype(np.float64), ys[:, 0].astype(np.float64)).coef_


def objective(xs: np.ndarray, ys: np.ndarray, alpha: float, w: np.ndarray) -> float:
    residual = ys[:, 0] - xs.astype(np.float64) @ w
    return float(residual @ residual / (2 * len(xs)) + alpha * np.abs(w).sum())


@pytest.mark.parametrize("alpha", [1.0, 1e-1, 1e-2, 1e-3, 1e-4])
@pytest.mark.parametrize("i", [1, 2, 7, 15, 20, 21, 40])
def test_the_objective_and_the_answers_are_scikit_learns(alpha, i):
    xs, ys = (array[0] for array in sparse_prompts(1))
    ours, theirs = weights(xs[:i], ys[:i], alpha), scikit_weights(xs[:i], ys[:i], alpha)
    reached, expected = objective(xs[:i], ys[:i], alpha, ours), objective(xs[:i], ys[:i], alpha, theirs)
    assert reached == pytest.approx(expected, rel=1e-6)
    assert Lasso(alpha=alpha).predict(xs[None], ys[None])[0, i, 0] == pytest.approx(xs[i] @ theirs, abs=1e-3)


def assert_optimal(xs: np.ndarray, ys: np.ndarray, alpha: float, w: np.ndarray) -> None:
    """Xᵀr/i = α sign(w) on the support, and no larger elsewhere, to the accuracy of float32 weights."""
    xs = xs.astype(np.float64)
    pull = xs.T @ (ys[:, 0] - xs @ w) / len(xs)
    slack = 1e-5 * (alpha + np.abs(xs.T @ ys[:, 0]).max() / len(xs) + np.square(xs).sum() * np.abs(w).max())
    assert (np.abs(pull) <= alpha + slack).all()
    np.testing.assert_allclose(pull[w != 0], alpha * np.sign(w[w != 0]), rtol=0, atol=slack)


@given(
    i=st.integers(1, 10),
    d=st.integers(1, 6),
    alpha=st.sampled_from([1.0, 1e-2, 1e-4]),
    kind=st.sampled_from(["normal", "constant", "each twice", "signs", "one direction"]),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=150, deadline=None)
def test_the_fit_is_optimal_where_points_are_degenerate_too(i, d, alpha, kind, seed):
    make = {
        "normal": lambda: normal(seed, i, d),
        "constant": lambda: np.ones((i, 1), np.float32) * normal(seed, 1, d),
        "each twice": lambda: normal(seed, i, d).repeat(2, axis=0)[:i],
        "signs": lambda: np.sign(normal(seed, i, d)),
        "one direction": lambda: normal(seed, i, 1) * normal(seed + 1, 1, d),
    }
    xs, ys = make[kind](), normal(seed + 2, i, 1)
    assert_optimal(xs, ys, alpha, weights(xs, ys, alpha))


def test_weights_below_the_penalty_are_exactly_zero():
    xs, ys = normal(0, 1, 12, 4), normal(1, 1, 12, 1)
    assert not Lasso(alpha=100.0).predict(xs, ys).any()


def test_each_coordinate_of_the_target_has_a_fit_of_its_own():
    xs, ys = normal(0, 5, 14, 6), normal(1, 5, 14, 3)
    together = Lasso(alpha=0.1).predict(xs, ys)
    for t in range(3):
        alone = Lasso(alpha=0.1).predict(xs, ys[:, :, t : t + 1])
        np.testing.assert_array_equal(together[:, :, t], alone[:, :, 0])


def test_the_mean_error_on_the_papers_sparse_task():
    # 0.51 over the 41 points: the best Lasso of the reference figures
    xs, ys = sparse_prompts(1000)
    errors = np.square(Lasso(alpha=1e-3).predict(xs, ys) - ys, dtype=np.float64).mean(axis=(1, 2))
    assert abs(errors.mean() - 0.51) <= 4 * errors.std() / np.sqrt(len(errors))
