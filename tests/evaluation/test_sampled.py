"""Several runs are one number whose interval counts what differs between them as well as between prompts."""

import numpy as np
import pytest

import icl_bench
from icl_bench.errors import InputError
from icl_bench.evaluation.references import References
from icl_bench.evaluation.sampled import Contender, sample_task
from icl_bench.suites.frozen_errors import BaselineErrors

TASK = "linear_regression"


def errors(name: str) -> np.ndarray:
    return np.array(icl_bench.evaluate(f"baseline/{name}", "tiny", [TASK]).tasks[TASK].prompt_errors)


def score(suite, *runs):
    return sample_task(suite, TASK, [Contender("x", {TASK: runs})]).score.estimate(0)


def test_one_run_has_the_scores_and_intervals_of_its_record(tiny):
    found = sample_task(tiny, TASK, [Contender("x", {TASK: [errors("ridge")]})])
    expected = icl_bench.evaluate("baseline/ridge", "tiny", [TASK]).tasks[TASK]
    assert found.score.estimate(0) == expected.score
    assert found.optimality.estimate(0) == expected.optimality


def test_a_model_has_the_same_estimate_in_any_company(tiny):
    a, b = (Contender(name, {TASK: [errors(name)]}) for name in ("ridge", "knn"))
    together = sample_task(tiny, TASK, [a, b])
    for place, one in enumerate((a, b)):
        assert sample_task(tiny, TASK, [one]).score.estimate(0) == together.score.estimate(place)


def test_equal_runs_are_as_certain_as_one(tiny):
    one, three = (score(tiny, *[errors("ridge")] * count) for count in (1, 3))
    assert (three.value, three.low, three.high) == pytest.approx((one.value, one.low, one.high))


def test_runs_that_differ_widen_the_interval(tiny):
    base, zero = errors("least_squares"), errors("zero")
    runs = [zero + share * (base - zero) for share in (0.1, 0.5, 0.9)]  # scores without sampling error
    found = score(tiny, *runs)
    assert found.value == pytest.approx(0.5)
    means = sorted(
        np.mean([a, b, c]) for a in (0.1, 0.5, 0.9) for b in (0.1, 0.5, 0.9) for c in (0.1, 0.5, 0.9)
    )
    assert found.low == pytest.approx(means[0])  # 1 of 27 draws is the lowest: more than 2.5%
    assert found.high == pytest.approx(means[-1])


def test_a_model_without_a_run_is_an_error(tiny):
    with pytest.raises(InputError, match=r"x has no run of tiny-v1/linear_regression; give .* at least one"):
        score(tiny)


def with_references(monkeypatch, base: np.ndarray, zero: np.ndarray) -> None:
    known = [BaselineErrors(np.zeros(9), one) for one in (zero, base, base)]
    monkeypatch.setattr("icl_bench.evaluation.sampled.suite_references", lambda *_: References(*known))


def test_without_a_base_there_is_no_number(tiny, monkeypatch):
    with_references(monkeypatch, errors("zero"), errors("zero"))
    found = score(tiny, errors("ridge"))
    assert (found.value, found.reason) == (None, "baseline least_squares is no better than answering 0 here")


def test_where_some_resamples_have_no_score_there_is_no_interval(tiny, monkeypatch):
    rng = np.random.default_rng(0)
    zero = rng.normal(10, 1, size=12)
    with_references(monkeypatch, zero - rng.normal(0.4, 1.0, size=12), zero)
    found = score(tiny, zero - 0.1, zero)
    assert found.value > 0
    assert found.low is None
    assert found.reason == (
        "too few prompts: baseline least_squares is no better than answering 0 in some resamples"
    )


def test_a_base_on_fewer_prompts_is_told(tiny, monkeypatch):
    zero, base = errors("zero"), errors("least_squares")
    with_references(monkeypatch, base[:50], zero)
    found = score(tiny, errors("ridge"))
    assert found.prompts == 50
    assert found.value == pytest.approx((zero - errors("ridge"))[:50].sum() / (zero - base)[:50].sum())
