"""The nearest algorithm of predictors that are one, and gradient descent step by step."""

import numpy as np
import pytest
from probes.probed import baseline, own

from icl_bench.baselines.averaging import Averaging
from icl_bench.probes.algorithms import RATES, STEPS, GradientDescent, algorithms, gradient_descents
from icl_bench.probes.nearest_algorithm import NOTHING, NearestAlgorithm
from icl_bench.suites import find_task, load_prompts

LINEAR = "mini/linear_regression"


@pytest.mark.parametrize("task", [LINEAR, "mini-shifts/linear_orthants", "mini-shifts/linear_noise"])
def test_ridge_is_nearest_to_ridge_at_no_distance(task):
    finding = NearestAlgorithm().measure(baseline("ridge", task))
    assert finding.label == "ridge"
    assert (finding.estimate.value, finding.estimate.low, finding.estimate.high) == (0, 0, 0)
    assert set(finding.labels[1:]) == {"ridge"}
    (margin,) = [value for name, value in finding.values.items() if name.startswith("margin to")]
    assert margin.low > 0


def test_algorithms_that_answer_alike_where_it_is_scored_are_one():
    """At the scored point of retrieval a Gaussian process and a tree without limits look the value up too."""
    finding = NearestAlgorithm().measure(baseline("nngp", "mini/vector_mqar"))
    assert finding.label == "lookup"
    assert not {"nngp", "decision_tree_unlimited"} & set(finding.values)
    (margin,) = NearestAlgorithm().further(finding).values()
    assert margin.low > 0.001


def test_linear_attention_that_takes_one_step_is_gradient_descent_of_one_step():
    """ŷ_i = (rate_i / i) Σ_j y_j x_j · x_i, a layer of linear attention: keys and queries x, values y."""
    suite, task = find_task(LINEAR)
    rates = np.array(gradient_descents(suite, task)[0].rates)[:, None]

    def one_step(xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
        attention = np.tril(xs.astype(np.float64) @ xs.astype(np.float64).mT, -1)
        lengths = np.maximum(np.arange(xs.shape[1]), 1)[:, None]
        return (rates / lengths * (attention @ ys)).astype(np.float32)

    finding = NearestAlgorithm().measure(own(one_step, LINEAR))
    assert finding.label == "gradient_descent_1"
    assert finding.estimate.value < 1e-12
    assert finding.labels[0] == NOTHING


def test_gradient_descent_is_the_loop_over_steps():
    prompts = load_prompts(find_task(LINEAR)[0], "linear_regression").part(slice(3))
    answers = GradientDescent(steps=3, rates=(0.1,) * 11).predict(prompts.xs, prompts.ys)
    for prompt in range(3):
        X, y = prompts.xs[prompt, :6].astype(float), prompts.ys[prompt, :6, 0].astype(float)
        w = np.zeros(5)
        for _ in range(3):
            w = w - 0.1 * X.T @ (X @ w - y) / 6
        assert answers[prompt, 6, 0] == pytest.approx(prompts.xs[prompt, 6].astype(float) @ w, abs=1e-5)
    one = GradientDescent(steps=1, rates=(1.0,) * 11).predict(prompts.xs, prompts.ys)
    np.testing.assert_allclose(one, Averaging().predict(prompts.xs, prompts.ys), atol=1e-5)


@pytest.mark.parametrize("name", ["linear_regression", "linear_inputs_triple", "linear_inputs_third"])
def test_rates_are_inside_the_candidates_and_more_steps_are_better(name):
    suite, task = find_task(LINEAR if name == "linear_regression" else f"mini-shifts/{name}")
    descents = gradient_descents(suite, task)
    assert [descent.steps for descent in descents] == list(STEPS)
    assert all(RATES[0] < rate < RATES[-1] for descent in descents for rate in descent.rates[1:])
    prompts = load_prompts(suite, task.name)

    def error(steps: int) -> float:
        answers = descents[steps - 1].predict(prompts.xs, prompts.ys)
        return float(np.square(answers - prompts.ys).mean())

    assert error(10) < error(3) < error(1)


def test_the_exact_predictor_comes_first_and_the_ideal_of_a_variant_is_there():
    suite, task = find_task("mini-shifts/linear_noise")
    names = [name for name, _ in algorithms(suite, task)]
    assert names[0] == "ridge"
    assert {"in_distribution_ideal", "averaging", "ridge_0.1", "gradient_descent_10"} <= set(names)
    assert not {"zero", "xgboost", "two_layer_nn"} & set(names)
    suite, task = find_task("mini/two_layer_mlp")
    assert "two_layer_nn" in dict(algorithms(suite, task))
