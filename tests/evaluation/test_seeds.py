"""Several seeds are one number whose interval counts what differs between runs as well as between prompts."""

import numpy as np
import pytest

import icl_bench
from icl_bench.errors import InputError
from icl_bench.evaluation.seeds import seeds_estimate

TASK = "linear_regression"


def errors(name: str) -> np.ndarray:
    return np.array(icl_bench.evaluate(f"baseline/{name}", "tiny", [TASK]).tasks[TASK].prompt_errors)


@pytest.fixture
def references(tiny) -> tuple[np.ndarray, np.ndarray]:
    return errors("least_squares"), errors("zero")


def test_one_seed_has_the_score_and_interval_of_its_record(tiny, references):
    found = seeds_estimate(tiny, TASK, [errors("ridge")], *references)
    expected = icl_bench.evaluate("baseline/ridge", "tiny", [TASK]).tasks[TASK].score
    assert (found.value, found.low, found.high) == pytest.approx(
        (expected.value, expected.low, expected.high)
    )


def test_equal_seeds_are_as_certain_as_one(tiny, references):
    one = seeds_estimate(tiny, TASK, [errors("ridge")], *references)
    three = seeds_estimate(tiny, TASK, [errors("ridge")] * 3, *references)
    assert (three.value, three.low, three.high) == pytest.approx((one.value, one.low, one.high))


def test_seeds_that_differ_widen_the_interval(tiny, references):
    base, zero = references
    runs = [zero + share * (base - zero) for share in (0.1, 0.5, 0.9)]  # scores without sampling error
    found = seeds_estimate(tiny, TASK, runs, base, zero)
    assert found.value == pytest.approx(0.5)
    means = sorted(
        np.mean([a, b, c]) for a in (0.1, 0.5, 0.9) for b in (0.1, 0.5, 0.9) for c in (0.1, 0.5, 0.9)
    )
    assert found.low == pytest.approx(means[0])  # 1 of 27 draws is the lowest: more than 2.5%
    assert found.high == pytest.approx(means[-1])


def test_without_a_seed_or_a_base_there_is_no_number(tiny, references):
    base, zero = references
    with pytest.raises(InputError, match="at least one seed"):
        seeds_estimate(tiny, TASK, [], base, zero)
    assert seeds_estimate(tiny, TASK, [base], zero, zero).reason == (
        "baseline least_squares is no better than answering 0 here"
    )


def test_where_some_resamples_have_no_score_there_is_no_interval(tiny):
    rng = np.random.default_rng(0)
    zero = rng.normal(10, 1, size=12)
    found = seeds_estimate(tiny, TASK, [zero - 0.1, zero], zero - rng.normal(0.4, 1.0, size=12), zero)
    assert found.value > 0
    assert found.low is None
    assert found.reason == (
        "too few prompts: baseline least_squares is no better than answering 0 in some resamples"
    )
