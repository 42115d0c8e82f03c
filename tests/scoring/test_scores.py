"""The score and its interval on errors whose score is known beforehand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from icl_bench.scoring import scores
from icl_bench.scoring.scores import (
    bootstrap_key,
    defined_estimates,
    interval_ends,
    interval_estimate,
    resampled_sums,
    scored_sums,
    share_of_gain,
    squared_errors,
)
from icl_bench.specs.scored import ScoredPoints

KEY = "tiny-v1/some_task/bootstrap"


def estimate(model: np.ndarray, base: np.ndarray, zero: np.ndarray, key: str = KEY):
    columns = np.stack([model, base, zero], axis=1)
    sums = resampled_sums(columns, 2000, key)
    totals = tuple(float(column.sum()) for column in columns.T)
    (value,), resampled = (
        share_of_gain(*rows) for rows in ((np.array([[t]]) for t in totals), np.hsplit(sums, 3))
    )
    (measured,) = defined_estimates(value, resampled, "base")
    return measured


def draws(seed: int, prompts: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Errors of a base with mean 1 and of the zero estimator with mean 3."""
    rng = np.random.default_rng(seed)
    return rng.gamma(2, 0.5, size=prompts), rng.gamma(3, 1.0, size=prompts)


def test_squared_errors_are_averaged_over_coordinates_and_summed_over_scored_positions():
    # Campbell et al. score the last point of a retrieval prompt and every point of the others
    predictions = np.float32([[[1, 2], [0, 0], [3, 3]]])
    ys = np.float32([[[0, 0], [1, 1], [3, 1]]])
    errors = squared_errors(predictions, ys)
    assert errors.tolist() == [[2.5, 1.0, 2.0]]
    for scored, total in (("all", 5.5), ("last", 2.0), ([0, 2], 4.5), ([1], 1.0), ([0, 1, 2], 5.5)):
        assert scored_sums(errors, ScoredPoints(scored, points=3)).tolist() == [total]


def test_squared_errors_of_large_numbers_are_exact_in_float64():
    predictions, ys = np.full((1, 1, 1), 3e30, np.float32), np.zeros((1, 1, 1), np.float32)
    assert squared_errors(predictions, ys)[0, 0] == float(np.float32(3e30)) ** 2


def test_zero_scores_0_and_the_base_1_with_no_width():
    base, zero = draws(0)
    for model, score in ((zero, 0.0), (base, 1.0)):
        measured = estimate(model, base, zero)
        assert (measured.value, measured.low, measured.high) == (score, score, score)


def test_a_mixture_scores_its_share():
    base, zero = draws(1)
    measured = estimate(0.25 * zero + 0.75 * base, base, zero)
    assert measured.value == pytest.approx(0.75)
    assert measured.low == pytest.approx(0.75)
    assert measured.high == pytest.approx(0.75)


@given(factor=st.floats(1e-6, 1e6), seed=st.integers(0, 100))
@settings(max_examples=25, deadline=None)
def test_the_score_does_not_depend_on_the_scale_of_the_targets(factor, seed):
    base, zero = draws(seed, 60)
    model = np.random.default_rng(seed + 1).gamma(2, 0.7, size=60)
    plain, scaled = estimate(model, base, zero), estimate(factor * model, factor * base, factor * zero)
    for end in ("value", "low", "high"):
        assert getattr(scaled, end) == pytest.approx(getattr(plain, end), rel=1e-9)


def test_the_interval_is_that_of_gathered_resamples():
    # counting how often a prompt is drawn, against gathering the drawn prompts one by one
    from icl_bench.function_classes.streams import raw_words, uniform_index

    errors = np.random.default_rng(0).gamma(2, size=(50, 2))
    drawn = uniform_index(raw_words(KEY, 0, 2000, 50), 50)
    np.testing.assert_allclose(resampled_sums(errors, 2000, KEY), errors[drawn].sum(axis=1), rtol=1e-12)


def test_resamples_are_the_same_in_slices_of_any_size(monkeypatch):
    errors = np.random.default_rng(0).normal(size=(300, 1))
    whole = resampled_sums(errors, 2000, KEY)
    monkeypatch.setattr(scores, "_WORDS_AT_ONCE", 7_000)
    np.testing.assert_array_equal(resampled_sums(errors, 2000, KEY), whole)


def test_every_task_of_every_suite_has_resamples_of_its_own():
    errors = np.arange(100.0)[:, None]
    keys = [bootstrap_key(f"{suite}/{task}") for suite in ("mini-v1", "paper-v1") for task in ("a", "b")]
    means = {resampled_sums(errors, 2000, key).mean() for key in keys}
    assert len(means) == 4


def test_the_interval_of_a_mean_is_the_normal_one():
    errors = np.random.default_rng(0).normal(5.0, 2.0, size=2000)
    resampled = resampled_sums(errors[:, None], 4000, KEY)[:, 0] / 2000
    measured = interval_estimate(errors.mean(), resampled)
    half = 1.96 * errors.std() / np.sqrt(2000)
    assert measured.low == pytest.approx(errors.mean() - half, abs=0.1 * half)
    assert measured.high == pytest.approx(errors.mean() + half, abs=0.1 * half)


@pytest.mark.slow
def test_95_percent_intervals_cover_the_true_score_about_that_often():
    # a model whose true score is 0.75: E(model) = 1.5 between base 1 and zero 3, drawn independently,
    # so that the sampling error of the denominator is part of the interval
    covered = 0
    for trial in range(300):
        base, zero = draws(trial, 200)
        model = np.random.default_rng(trial + 10_000).gamma(2, 0.75, size=200)
        measured = estimate(model, base, zero)
        covered += measured.low <= 0.75 <= measured.high
    assert 0.90 <= covered / 300 <= 0.985


def test_the_same_model_error_gets_a_wider_interval_from_a_noisier_base():
    base, zero = draws(5)
    model = np.full(400, 1.5)
    noisy = base + np.random.default_rng(1).normal(0, 3, size=400)
    quiet_interval, noisy_interval = estimate(model, base, zero), estimate(model, noisy, zero)
    assert noisy_interval.high - noisy_interval.low > quiet_interval.high - quiet_interval.low


def test_no_score_against_a_base_that_is_no_better_than_zero():
    base, zero = draws(6)
    measured = estimate(base, zero + 1, zero)
    assert measured.value is None
    assert measured.reason == "baseline base is no better than answering 0 here"


def test_no_interval_where_some_resamples_have_no_score():
    rng = np.random.default_rng(0)
    zero = rng.normal(10, 1, size=12)
    measured = estimate(zero - 0.1, zero - rng.normal(0.4, 1.0, size=12), zero)
    assert measured.value is not None
    assert measured.low is None
    assert "too few prompts" in measured.reason


@given(arrays(np.float64, st.tuples(st.integers(1, 60), st.integers(1, 3)), elements=st.floats(-1e6, 1e6)))
def test_the_ends_of_an_interval_are_quantiles(resampled):
    expected = np.quantile(resampled, [0.025, 0.975], axis=0)
    np.testing.assert_allclose(interval_ends(resampled), expected, rtol=1e-12, atol=1e-9)
