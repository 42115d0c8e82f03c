"""Several runs are one number whose interval counts what differs between them as well as between prompts."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from raising import raises
from scipy.stats import sem, ttest_ind
from scipy.stats import t as student

import icl_bench
from icl_bench.errors import InputError
from icl_bench.frozen.anchors import Anchors
from icl_bench.frozen.errors import BaselineErrors
from icl_bench.ranking import resampled
from icl_bench.ranking.resampled import Contender, sample_task
from icl_bench.suites import Suite

pytestmark = pytest.mark.slow

TASK = "linear_regression"


@cache
def errors(name: str) -> np.ndarray:
    return np.array(icl_bench.evaluate(f"baseline/{name}", "tiny", [TASK]).tasks[TASK].prompt_errors)


def score(suite, *runs):
    return sample_task(suite, TASK, [Contender("x", {TASK: dict(enumerate(runs))})])["score"].estimates[0]


def all_or_nothing(suite) -> Suite:
    """The same suite, whose linear regression is learned from a gain of 0.9."""
    task = suite.task(TASK).model_copy(update={"learned_at": 0.9})
    return replace(suite, tasks={**suite.tasks, TASK: task})


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
    expected = student(len(shares) - 1, np.mean(shares), sem(shares)).interval(0.95)
    assert (estimate.low, estimate.high) == pytest.approx(expected)


@pytest.mark.parametrize("runs", [2, 3, 5])
def test_equal_models_differ_significantly_in_5_of_100_comparisons(tiny, runs):
    rng, trials = np.random.default_rng(runs), 100
    rejected = 0
    for _ in range(trials):
        first, second = (dict(enumerate(rng.normal(0.5, 0.1, size=runs))) for _ in range(2))
        rejected += difference(tiny, first, second).p_values()[0] < 0.05
    assert rejected / trials == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / trials))


def difference(suite, a: dict[int, float], b: dict[int, float]):
    contenders = [Contender(name, {TASK: spread(shares)}) for name, shares in (("a", a), ("b", b))]
    return sample_task(suite, TASK, contenders)["score"].differences(0, [1])


def test_the_difference_of_two_models_is_students_with_the_variance_of_both(tiny):
    a, b = [0.2, 0.5, 0.8], [0.1, 0.4, 0.5, 0.7]
    terms = difference(tiny, dict(enumerate(a)), dict(enumerate(b)))
    expected = ttest_ind(a, b)
    assert terms.p_values()[0] == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval(0.95)
    (estimate,) = terms.estimates()
    assert (estimate.low, estimate.high) == pytest.approx((interval.low, interval.high))


def test_further_models_say_more_of_seeds(tiny):
    """The variance between runs is one number for all models of a task."""
    a, b, c = ({0: 0.4, 1: 0.6}, {0: 0.5, 1: 0.7}, {0: 0.1, 1: 0.2, 2: 0.3})
    models = [Contender(name, {TASK: spread(runs)}) for name, runs in zip("abc", (a, b, c), strict=True)]
    seeds = sample_task(tiny, TASK, models)["gain"].seeds
    assert seeds.degrees == 4
    assert seeds.variance == pytest.approx((2 * 0.1**2 + 2 * 0.1**2 + 2 * 0.1**2) / 4)


def test_with_one_run_the_seeds_of_others_count(tiny):
    """Where no model has two runs, nothing is known of seeds and the interval is that of its prompts."""
    single, several = (
        Contender("x", {TASK: spread({0: 0.5})}),
        Contender("y", {TASK: spread({0: 0.3, 1: 0.7})}),
    )
    alone = sample_task(tiny, TASK, [single])["gain"].estimates[0]
    beside = sample_task(tiny, TASK, [single, several])["gain"].estimates[0]
    assert alone.high - alone.low < 0.01
    assert beside.high - beside.low > 0.5


def test_a_baseline_has_no_seeds(tiny):
    several = Contender("y", {TASK: spread({0: 0.3, 1: 0.7})})
    baseline = Contender("baseline/x", {TASK: spread({0: 0.5})})
    estimate = sample_task(tiny, TASK, [baseline, several])["gain"].estimates[0]
    assert estimate.high - estimate.low < 0.01


def test_of_an_all_or_nothing_task_it_is_said_how_many_runs_learned(tiny):
    models = [
        Contender("x", {TASK: spread({0: 0.95, 1: 0.3, 2: 0.92})}),
        Contender("baseline/y", {TASK: spread({0: 0.5})}),
    ]
    sampled = sample_task(all_or_nothing(tiny), TASK, models)["gain"]
    learned = sampled.learned(0)
    assert (learned.learned, learned.runs) == (2, 3)
    assert learned.gain.value == pytest.approx(0.935)
    assert sampled.learned(1) is None
    assert sampled.seeds.degrees == 0
    assert 0 <= sampled.estimates[0].low < 0.7 < sampled.estimates[0].high <= 1
    assert sample_task(tiny, TASK, models)["gain"].learned(0) is None


def test_a_score_beyond_the_exact_predictors_is_no_bound_of_a_score(tiny):
    """The mixture is that of gains; in the unit of a score whose base is weaker it reaches further."""
    runs = {0: 0.99, 1: 0.98, 2: 0.2}
    by_metric = sample_task(all_or_nothing(tiny), TASK, [Contender("x", {TASK: spread(runs)})])
    gain, score = (by_metric[name].estimates[0] for name in ("gain", "score"))
    floor, exact = by_metric["score"].scale.floor, by_metric["score"].scale.exact
    for end in ("low", "high"):
        expected = floor + getattr(gain, end) * (exact - floor)
        assert getattr(score, end) == pytest.approx(expected, abs=1e-6)


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
