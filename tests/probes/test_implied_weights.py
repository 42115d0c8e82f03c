"""Weights read off from predictors whose weights are known."""

import numpy as np
import pytest
from probes.probed import baseline, own

from icl_bench.probes import implied_weights
from icl_bench.probes.base import probes
from icl_bench.probes.implied_weights import ImpliedWeights
from icl_bench.suites import find_task

LINEAR = "mini/linear_regression"


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("least_squares", LINEAR),
        ("ridge", LINEAR),
        ("sparse_bayes", "mini/sparse_linear_regression"),
        ("least_squares", "mini-shifts/linear_weights_triple"),
    ],
)
def test_the_weights_of_a_linear_predictor_are_recovered(name, task, monkeypatch):
    monkeypatch.setattr(implied_weights, "PROMPTS", 6)  # quick
    finding = ImpliedWeights().measure(baseline(name, task))
    assert finding.label == f"nearest to {name}"
    assert finding.values[f"distance to {name}"].high < 1e-8  # squared: 1e-4 of the length
    assert finding.estimate.low > 1 - 1e-6
    if name != "ridge":  # with as many points as weights they are those of the prompt
        assert finding.curves["w"][-1] < 1e-6


def test_a_function_that_is_not_linear_is_said_to_be_none():
    def squares(xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
        return np.square(xs).sum(axis=2, keepdims=True) - xs.shape[2]

    finding = ImpliedWeights().measure(own(squares, LINEAR))
    assert finding.estimate.high < 0.2


def test_it_serves_linear_functions_alone():
    serves = probes()["implied_weights"].serves
    assert serves(find_task("mini-shifts/sparse_denser")[1])
    assert not serves(find_task("mini/decision_tree")[1])
