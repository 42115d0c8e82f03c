"""Several runs are one number whose interval counts what differs between them as well as between prompts."""

from functools import cache

import numpy as np
import pytest
from raising import raises
from scipy.stats import sem
from scipy.stats import t as student

import icl_bench
from icl_bench.errors import InputError
from icl_bench.frozen.anchors import Anchors
from icl_bench.frozen.errors import BaselineErrors
from icl_bench.ranking import resampled
from icl_bench.ranking.resampled import Contender, sample_task

pytestmark = pytest.mark.slow

TASK = "linear_regression"


@cache
def errors(name: str) -> np.ndarray:
    return np.array(icl_bench.evaluate(f"baseline/{name}", "tiny", [TASK]).tasks[TASK].prompt_errors)


def score(suite, *runs):
    return sample_task(suite, TASK, [Contender("x", {TASK: dict(enumerate(runs))})])["score"].estimates[0]


def test_one_run_has_the_scores_and_intervals_of_its_record(tiny):
    metrics = sample_task(tiny, TASK, [Contender("x", {TASK: {0: errors("ridge")}})])
    expected = icl_bench.evaluate("baseline/ridge", "tiny", [TASK]).tasks[TASK]
    assert metrics["score"].estimates[0] == expected.score
    assert metrics["optimality"].estimates[0] == expected.optimality


def test_a_model_has_the_same_estimate_in_any_company(tiny):
    a, b = (Contender(name, {TASK: {0: errors(name)}}) for name in ("ridge", "knn"))
    together = sample_task(tiny, TASK, [a, b])
    for place, model in enumerate((a, b)):
        assert sample_task(tiny, TASK, [model])["score"].estimates[0] == together["score"].estimates[place]


def test_equal_runs_are_as_certain_as_one(tiny):
    single_run, three_runs = (score(tiny, *[errors("ridge")] * count) for count in (1, 3))
    assert (three_runs.value, three_runs.low, three_runs.high) == pytest.approx(
        (single_run.value, single_run.low, single_run.high)
    )


def spread(shares: dict[int, float]) -> dict[int, np.ndarray]:
    """Runs with these scores by seed, without sampling error."""
    base, zero = errors("least_squares"), errors("zero")
    return {seed: zero + share * (base - zero) for seed, share in shares.items()}


@pytest.mark.parametrize("shares", [(0.4, 0.6), (0.1, 0.4, 0.9), (0.5, 0.6, 0.65, 0.7, 0.9)])
def test_where_runs_outweigh_prompts_the_interval_is_students(tiny, shares):
    estimate = score(tiny, *spread(dict(enumerate(shares))).values())
    assert estimate.value == pytest.approx(np.mean(shares))
    beyond = student(len(shares) - 1, np.mean(shares), sem(shares))
    drawn_error = np.sqrt(0.025 * 0.975 / tiny.spec.resamples)
    assert beyond.cdf(estimate.low) == pytest.approx(0.025, abs=3 * drawn_error)
    assert beyond.sf(estimate.high) == pytest.approx(0.025, abs=3 * drawn_error)


@pytest.mark.parametrize("runs", [2, 3, 5])
def test_equal_models_differ_significantly_in_5_of_100_comparisons(tiny, runs):
    rng, trials = np.random.default_rng(runs), 100
    rejected = 0
    for _ in range(trials):
        first, second = (dict(enumerate(rng.normal(0.5, 0.1, size=runs))) for _ in range(2))
        estimate = difference(tiny, first, second)
        rejected += not estimate.low <= 0 <= estimate.high
    assert rejected / trials == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / trials))


def difference(suite, a: dict[int, float], b: dict[int, float]):
    contenders = [Contender(name, {TASK: spread(shares)}) for name, shares in (("a", a), ("b", b))]
    estimate = sample_task(suite, TASK, contenders)["score"]
    return estimate.differences(0, [1])[0][0]


def test_runs_of_one_seed_are_paired(tiny):
    """What a seed does to both models cancels, in whatever order the runs come."""
    estimate = difference(tiny, {0: 0.2, 1: 0.5, 2: 0.8}, {2: 0.7, 0: 0.1, 1: 0.4})
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((0.1, 0.1, 0.1))


def test_runs_of_other_seeds_are_not_paired(tiny):
    estimate = difference(tiny, {0: 0.2, 1: 0.5, 2: 0.8}, {3: 0.1, 4: 0.4, 5: 0.7})
    assert estimate.low < -0.5
    assert estimate.high > 0.7


def test_a_model_without_a_run_is_an_error(tiny):
    with raises(InputError, "no-run", naming="tiny-v1/linear_regression"):
        score(tiny)


def with_references(monkeypatch, base: np.ndarray, zero: np.ndarray) -> None:
    known = [BaselineErrors(np.zeros(9), squared) for squared in (zero, base, base, zero)]
    monkeypatch.setattr(resampled, "suite_anchors", lambda *_: Anchors(*known))


def test_without_a_base_there_is_no_number(tiny, monkeypatch):
    with_references(monkeypatch, errors("zero"), errors("zero"))
    estimate = score(tiny, errors("ridge"))
    assert (estimate.value, estimate.reason) == (
        None,
        "baseline least_squares is no better than answering 0 here",
    )


def test_where_some_resamples_have_no_score_there_is_no_interval(tiny, monkeypatch):
    rng = np.random.default_rng(0)
    zero = rng.normal(10, 1, size=12)
    with_references(monkeypatch, zero - rng.normal(0.4, 1.0, size=12), zero)
    estimate = score(tiny, zero - 0.1, zero)
    assert estimate.value > 0
    assert estimate.low is None
    assert estimate.reason == (
        "too few prompts: baseline least_squares is no better than answering 0 in some resamples"
    )


def test_a_base_on_fewer_prompts_is_reported(tiny, monkeypatch):
    zero, base = errors("zero"), errors("least_squares")
    with_references(monkeypatch, base[:50], zero)
    estimate = score(tiny, errors("ridge"))
    assert estimate.prompts == 50
    assert estimate.value == pytest.approx((zero - errors("ridge"))[:50].sum() / (zero - base)[:50].sum())
