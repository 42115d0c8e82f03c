"""The mean of y given x alone: against brute force, and where it is served.

That it is the mean over functions that are drawn is a test of every function class and of every shift.
"""

from itertools import combinations

import numpy as np
import pytest
from function_classes.small_classes import draw
from hypothesis import given, settings
from hypothesis import strategies as st
from raising import raises

from icl_bench.baselines.base import get_baseline
from icl_bench.baselines.parity_bayes import ParityBayes
from icl_bench.baselines.prior_mean import PriorMean
from icl_bench.errors import InputError
from icl_bench.function_classes.linear_regression import LinearRegression
from icl_bench.function_classes.sparse_parity import SparseParity
from icl_bench.shifts.signs import Signs
from icl_bench.specs.suite import FUNCTION_CLASSES, TaskSpec


def task(function_class, shift=None) -> TaskSpec:
    about = {"name": "a_task", "summary": "", "points": 7, "scored": "all", "exact_note": ""}
    return TaskSpec(
        schema=1, function_class=function_class, shift=shift, baseline="zero", exact="zero", **about
    )


@given(d=st.integers(1, 7), sparsity=st.integers(1, 7), seed=st.integers(0, 999), signs=st.booleans())
@settings(max_examples=80, deadline=None)
def test_parity_is_the_mean_over_all_hidden_sets(d, sparsity, seed, signs):
    sparsity = min(d, sparsity)
    xs = np.random.default_rng(seed).normal(size=(3, 4, d))
    xs = np.sign(xs) if signs else xs
    products = [xs[:, :, subset].prod(axis=2) for subset in combinations(range(d), sparsity)]
    means = SparseParity(dims=d, sparsity=sparsity).prior_mean(xs)[:, :, 0]
    np.testing.assert_allclose(means, np.mean(products, axis=0), rtol=1e-12, atol=1e-14)


def test_parity_is_what_the_exact_predictor_answers_without_a_context():
    function_class = SparseParity(dims=6, sparsity=3)
    xs, ys, _ = draw(function_class, 50)
    prior = PriorMean(function_class=function_class).predict(xs, ys)
    exact = ParityBayes(sparsity=3).predict(xs, ys)
    np.testing.assert_allclose(prior[:, 0], exact[:, 0], atol=1e-7)
    assert prior[:, 0].any()


def test_parity_of_many_coordinates_stays_finite():
    """C(1,024, 512) is beyond float64."""
    means = SparseParity(dims=1_024, sparsity=512).prior_mean(np.ones((1, 1, 1_024)))
    assert means == pytest.approx(1)


def test_a_task_whose_mean_is_not_stated_is_not_served(monkeypatch):
    linear = LinearRegression(dims=3)
    assert get_baseline("prior_mean", task(linear)).function_class == linear
    assert get_baseline("prior_mean", task(linear, Signs())).function_class == linear
    monkeypatch.setattr(Signs, "keeps_prior_mean", False)
    with raises(InputError, "no-prior-mean", naming="a_task"):
        get_baseline("prior_mean", task(linear, Signs()))
    monkeypatch.setattr(LinearRegression, "prior_mean", lambda self, xs: None)
    with raises(InputError, "no-prior-mean", naming="a_task"):
        get_baseline("prior_mean", task(linear))


def test_inputs_that_tell_of_the_function_may_not_be_changed():
    """A planted point that is turned about tells another thing of it."""
    conjunction = FUNCTION_CLASSES.parse({"type": "conjunction", "dims": 3})
    assert get_baseline("prior_mean", task(conjunction)).function_class == conjunction
    with raises(InputError, "no-prior-mean", naming="a_task"):
        get_baseline("prior_mean", task(conjunction, Signs()))


def test_prompts_of_other_sizes_are_refused():
    baseline = PriorMean(function_class=SparseParity(dims=3, sparsity=2))
    for d, k in ((2, 1), (3, 2)):
        with raises(InputError, "other-prompts", naming=("sparse_parity", "3 inputs", d, k)):
            baseline.predict(np.ones((1, 4, d), np.float32), np.ones((1, 4, k), np.float32))
