"""The posterior that follows all supports together against each support by itself, and known mean errors."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raising import raises
from scipy.stats import multivariate_normal

from icl_bench.baselines.base import get_baseline
from icl_bench.baselines.sparse_bayes import SparseBayes
from icl_bench.errors import InputError
from icl_bench.function_classes.sparse_linear_regression import SparseLinearRegression
from icl_bench.function_classes.streams import raw_words
from icl_bench.suites import generate, load_suite

pytestmark = pytest.mark.slow


def draw(
    prompts: int, points: int, dims: int, sparsity: int, change=lambda xs: None
) -> tuple[np.ndarray, np.ndarray]:
    """Prompts of the function class, with their inputs changed before the targets are computed."""
    function_class = SparseLinearRegression(dims=dims, sparsity=sparsity)
    raw = raw_words("tests/sparse_bayes/dev", 0, prompts, function_class.words(points))
    xs, parameters = function_class.sample(raw, points)
    change(xs)
    return xs, function_class.evaluate(parameters, xs)


def support_by_itself(X: np.ndarray, y: np.ndarray) -> tuple[int, float, np.ndarray] | None:
    """Rank, log evidence of the independent points and minimum-norm fit; None where no fit gives y."""
    weights = np.linalg.lstsq(X, y, rcond=1e-9)[0]
    if np.abs(X @ weights - y).max() > 2**-22 * np.abs(y).max():  # targets are rounded to float32
        return None
    independent: list[int] = []
    for i in range(len(X)):
        if np.linalg.matrix_rank(X[[*independent, i]], tol=1e-9) > len(independent):
            independent.append(i)
    seen = X[independent]
    evidence = multivariate_normal(cov=seen @ seen.T).logpdf(y[independent]) if independent else 0.0
    return len(independent), float(evidence), weights


def mean_over_supports(xs: np.ndarray, ys: np.ndarray, sparsity: int) -> np.ndarray:
    """The posterior mean at every context length by going through all supports."""
    means = np.zeros(len(xs))
    for i in range(1, len(xs)):
        votes = []
        for support in map(list, combinations(range(xs.shape[1]), sparsity)):
            posterior = support_by_itself(xs[:i, support], ys[:i, 0])
            if posterior:
                votes.append((posterior[0], posterior[1], xs[i, support] @ posterior[2]))
        rank, evidence, values = (np.array(column) for column in zip(*votes, strict=True))
        # a density beside a point mass is nothing
        weight = np.where(rank == rank.min(), np.exp(evidence - evidence[rank == rank.min()].max()), 0.0)
        means[i] = weight @ values / weight.sum()
    return means


def repeat_points(xs: np.ndarray) -> None:
    xs[:, 2] = xs[:, 1]
    xs[:, 4] = xs[:, 0]


def scale_points(xs: np.ndarray) -> None:
    xs[:, 1] = 2 * xs[:, 0]


def blank_coordinates(xs: np.ndarray) -> None:
    xs[:, :, 2:] = 0


def blank_points(xs: np.ndarray) -> None:
    xs[:, :2] = 0


@pytest.mark.parametrize(
    "change", [lambda xs: None, repeat_points, scale_points, blank_coordinates, blank_points]
)
@pytest.mark.parametrize(("dims", "sparsity"), [(1, 1), (4, 1), (4, 2), (5, 3), (3, 3)])
def test_it_is_the_mean_over_all_supports_weighted_by_their_evidence(dims, sparsity, change):
    xs, ys = draw(12, 8, dims, sparsity, change)
    predictions = SparseBayes(sparsity=sparsity).predict(xs, ys)[:, :, 0]
    for prompt in range(len(xs)):
        expected = mean_over_supports(xs[prompt].astype(float), ys[prompt].astype(float), sparsity)
        np.testing.assert_allclose(predictions[prompt], expected, rtol=1e-4, atol=1e-4)


def test_the_true_support_survives_rounded_targets_of_nearly_dependent_points():
    def nearly_repeat(xs: np.ndarray) -> None:
        xs[:, 1] = xs[:, 0] + np.float32(2.0**-10) * np.sign(xs[:, 1])
        xs[:, 2] = xs[:, 0] + np.float32(2.0**-11) * np.sign(xs[:, 2])

    xs, ys = draw(200, 20, 6, 3, nearly_repeat)
    missed = np.abs(SparseBayes(sparsity=3).predict(xs, ys) - ys)[:, 5:]
    # one target in 2^24 is lost to rounding, and the fit magnifies that by a condition number of 2^12
    assert np.median(missed) < 2e-3
    assert missed.max() < 0.1


@pytest.mark.parametrize("power", [-60, -20, 20, 60])
def test_inputs_and_targets_in_another_unit_give_the_same_weights(power):
    xs, ys = draw(20, 9, 5, 2)
    scale = np.float32(2.0**power)
    np.testing.assert_allclose(
        SparseBayes(sparsity=2).predict(xs * scale, ys * scale) / scale,
        SparseBayes(sparsity=2).predict(xs, ys),
        rtol=1e-5,
        atol=1e-6,
    )


@given(
    points=st.integers(1, 9),
    d=st.integers(1, 5),
    kind=st.sampled_from(["normal", "constant", "zero", "signs", "huge", "tiny"]),
    seed=st.integers(0, 10_000),
    data=st.data(),
)
@settings(max_examples=100, deadline=None)
def test_targets_of_no_support_are_answered_by_finite_numbers(points, d, kind, seed, data):
    rng = np.random.default_rng(seed)
    xs, ys = (rng.normal(size=(2, points, size)).astype(np.float32) for size in (d, 1))
    make = {
        "normal": lambda: xs,
        "constant": lambda: np.broadcast_to(xs[:, :1], xs.shape),
        "zero": lambda: np.zeros_like(xs),
        "signs": lambda: np.sign(xs),
        "huge": lambda: xs * np.float32(1e15),
        "tiny": lambda: xs * np.float32(1e-15),
    }
    predictions = SparseBayes(sparsity=data.draw(st.integers(1, d))).predict(make[kind](), ys)
    assert np.isfinite(predictions).all()


def test_its_mean_error_is_the_known_one_at_paper_size():
    # reference figures over 41 points: zero 3.00, least squares 0.79, Bayes 0.28
    task = load_suite("paper").tasks["sparse_linear_regression"]
    xs, ys, _ = generate(task, "paper-v1", "dev", 0, 400)
    for name, error in {"zero": 3.00, "least_squares": 0.79, "sparse_bayes": 0.28}.items():
        squared = np.square(get_baseline(name, task).predict(xs, ys) - ys, dtype=np.float64).mean(axis=(1, 2))
        assert abs(squared.mean() - error) <= 3 * squared.std() / np.sqrt(len(xs)) + 0.005, name


def test_it_knows_the_function_one_point_after_the_sparsity():
    xs, ys = draw(100, 10, 8, 2)
    np.testing.assert_allclose(
        SparseBayes(sparsity=2).predict(xs, ys)[:, 3:], ys[:, 3:], rtol=1e-3, atol=1e-3
    )


def test_it_reads_the_sparsity_of_its_task_and_answers_no_other():
    tasks = load_suite("mini").tasks
    assert get_baseline("sparse_bayes", tasks["sparse_linear_regression"]).sparsity == 2
    with raises(InputError, "other-task-only", naming="sparse_bayes"):
        get_baseline("sparse_bayes", tasks["linear_regression"])


@pytest.mark.parametrize(
    ("d", "k", "sparsity", "code", "numbers"),
    [
        (3, 2, 1, "other-prompts", ()),
        (3, 1, 4, "too-many-hypotheses", ("0 ", "4 ", "3 ")),
        (60, 1, 8, "too-many-hypotheses", ("8 ", "60 ")),
    ],
)
def test_it_refuses_prompts_that_it_cannot_follow(d, k, sparsity, code, numbers):
    with raises(InputError, code, naming=numbers):
        SparseBayes(sparsity=sparsity).predict(np.ones((1, 3, d), np.float32), np.ones((1, 3, k), np.float32))
