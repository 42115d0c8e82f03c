"""Inputs of a condition number: the covariance of a prompt has the eigenvalues that are stated."""

import numpy as np
import pytest
from scipy.stats import kstest

from icl_bench.function_classes.conditioned_regression import ConditionedRegression
from icl_bench.function_classes.streams import GRID, raw_words

pytestmark = pytest.mark.slow

PROMPTS, POINTS, DIMS = 256, 1_500, 5


def covariances(least: int, most: int) -> np.ndarray:
    """Of the many inputs of each prompt, (prompts, d, d)."""
    function_class = ConditionedRegression(dims=DIMS, least=least, most=most)
    raw = raw_words("test/conditioned/eval", 0, PROMPTS, function_class.words(POINTS))
    xs = function_class.sample(raw, POINTS)[0].astype(np.float64)
    return xs.mT @ xs / POINTS


@pytest.mark.parametrize("condition", [1, 10, 1_000, 10_000])
def test_the_outermost_eigenvalues_are_1_and_1_over_the_condition_number(condition: int) -> None:
    values = np.linalg.eigvalsh(covariances(condition, condition))
    rounding = (2 * GRID) ** 2 / 12
    spread = 5 * np.sqrt(DIMS / POINTS)  # of the extreme eigenvalues of a sample covariance
    assert (values[:, -1] < 1 + spread).all()
    assert (values[:, 0] > (1 / condition + rounding) * (1 - spread)).all()
    if condition > 1:  # the largest is one of its own, away from those between
        assert values[:, -1].mean() == pytest.approx(1, abs=0.1)
        assert values[:, 0].mean() == pytest.approx(1 / condition + rounding, rel=0.1)


def test_eigenvalues_between_are_log_uniform() -> None:
    shares = -np.log(np.linalg.eigvalsh(covariances(10_000, 10_000))) / np.log(10_000)
    between = shares[:, 1:-1].mean(axis=1)  # of three uniform numbers
    assert kstest(between, np.random.default_rng(0).uniform(size=(20_000, 3)).mean(axis=1)).pvalue > 1e-3


def test_the_condition_number_is_log_uniform() -> None:
    values = np.linalg.eigvalsh(covariances(1, 1_000))
    logs = np.log(values[:, -1] / values[:, 0]) / np.log(1_000)
    far = logs[logs > 0.3]  # nearer to 1, sampling makes the smallest eigenvalue too small
    assert len(far) / PROMPTS == pytest.approx(0.7, abs=5 * np.sqrt(0.21 / PROMPTS))
    assert kstest(far, "uniform", args=(0.3, 0.7)).pvalue > 1e-3


def test_no_direction_is_special() -> None:
    mean = covariances(100, 100).mean(axis=0)
    size = np.trace(mean) / DIMS
    assert np.abs(mean - size * np.eye(DIMS)).max() < 5 * np.sqrt(1 / PROMPTS) * size


@pytest.mark.parametrize(
    ("least", "most", "named"), [(0, 10, "least"), (10, 1, "least"), (1, 10_001, "most")]
)
def test_a_range_that_is_none_is_refused(least: int, most: int, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        ConditionedRegression(dims=DIMS, least=least, most=most)
