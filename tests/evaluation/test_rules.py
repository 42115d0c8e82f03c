"""Predictors that break a rule are refused, and the message opens with the rule's name."""

import itertools

import numpy as np
import pytest
from raising import raises

from icl_bench.baselines.least_squares import LeastSquares
from icl_bench.errors import CheckError, InputError
from icl_bench.evaluation.run import evaluate

LINEAR = ["linear_regression"]


def causal(xs, ys):
    """An honest predictor: the running mean of the targets so far."""
    total = np.cumsum(ys, axis=1) - ys
    return (total / np.maximum(np.arange(ys.shape[1]), 1)[:, None]).astype(np.float32)


def reads_own_target(xs, ys):
    return causal(xs, ys) + np.float32(0.01) * ys


def reads_one_target_late(xs, ys):
    predictions = causal(xs, ys)
    predictions[:, 7] = ys[:, 7]
    return predictions


def reads_next_target(xs, ys):
    return causal(xs, ys) + np.roll(ys, -1, axis=1)


def reads_next_input(xs, ys):
    predictions = causal(xs, ys)
    predictions[:, :-1] += xs[:, 1:, :1]
    return predictions


def averages_the_whole_prompt(xs, ys):
    return np.broadcast_to(ys.mean(axis=1, keepdims=True), ys.shape).astype(np.float32)


def scales_by_the_largest_target(xs, ys):
    return (causal(xs, ys) / np.abs(ys).max(axis=1, keepdims=True)).astype(np.float32)


def centres_on_the_mean_input(xs, ys):
    return causal(xs, ys) * xs.mean(axis=(1, 2), keepdims=True)


def looks_back_from_the_end(xs, ys):
    """Least squares over the other points, later ones included: a mask applied the wrong way round."""
    return LeastSquares().predict(xs[:, ::-1].copy(), ys[:, ::-1].copy())[:, ::-1]


@pytest.mark.parametrize(
    ("peeking", "changes"),
    [
        (reads_own_target, ("prediction 0 ", "y_0 ")),
        (reads_one_target_late, ("prediction 7 ", "y_7 ")),
        (reads_next_target, ("prediction 0 ", "y_1 ")),
        (reads_next_input, ("prediction 0 ", "x_1 ")),
        (averages_the_whole_prompt, ("prediction 0 ", "y_0 ", "y_1 ")),
        (scales_by_the_largest_target, "prediction 1 "),
        (centres_on_the_mean_input, ("prediction 1 ", "x_2 ")),
        (looks_back_from_the_end, "prediction 0 "),
    ],
)
def test_a_predictor_that_peeks_is_refused_by_name(tiny, peeking, changes):
    with raises(CheckError, "causality", naming=changes):
        evaluate(peeking, "tiny", LINEAR)


@pytest.mark.parametrize("task", ["linear_regression", "sparse_parity", "vector_mqar", "decision_tree"])
def test_reading_the_own_target_is_seen_on_every_kind_of_task(tiny, task):
    with raises(CheckError, "causality", naming=("prediction 0 ", "y_0 ")):
        evaluate(reads_own_target, "tiny", [task])


def hides_behind_a_huge_answer(xs, ys):
    answer = np.zeros_like(ys)
    answer[:, 0], answer[:, -1] = 1e9, ys[:, -1]
    return answer


def test_a_huge_answer_where_nothing_is_scored_hides_no_peeking(tiny):
    with raises(CheckError, "causality", naming=("prediction ", "y_")):
        evaluate(hides_behind_a_huge_answer, "tiny", ["vector_mqar"])


def test_an_honest_predictor_passes_every_check(tiny):
    record = evaluate(causal, "tiny")
    assert {tuple(task.checks) for task in record.tasks.values()} == {
        ("finiteness", "determinism", "causality", "independence")
    }


def test_rounding_noise_from_the_future_is_no_peeking(tiny):
    def leaks_rounding(xs, ys):
        return causal(xs, ys) + np.float32(1e-7) * ys

    evaluate(leaks_rounding, "tiny", LINEAR)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_prediction_that_is_not_finite_is_refused_with_its_place(tiny, bad):
    def breaks_on_some_prompts(xs, ys):
        predictions = causal(xs, ys)
        predictions[(xs[:, 2, 0] > 1.8), 5] = bad  # rare: the first prompts may all be well
        return predictions

    with raises(CheckError, "finiteness", naming=("prediction 5 ", "linear_regression", bad)):
        evaluate(breaks_on_some_prompts, "tiny", LINEAR)


def test_a_number_beyond_float32_is_not_finite(tiny):
    with raises(CheckError, "finiteness"):
        evaluate(lambda xs, ys: np.full(ys.shape, 1e300), "tiny", LINEAR)


def test_answers_that_differ_between_calls_are_refused(tiny):
    rng = np.random.default_rng(0)
    with raises(CheckError, "determinism"):
        evaluate(lambda xs, ys: causal(xs, ys) + rng.normal(0, 1e-3, ys.shape), "tiny", LINEAR)


def test_answers_that_count_calls_are_refused(tiny):
    calls = itertools.count()
    with raises(CheckError, "determinism"):
        evaluate(lambda xs, ys: np.full(ys.shape, float(next(calls))), "tiny", LINEAR)


def test_answers_that_mix_the_prompts_of_a_batch_are_refused(tiny):
    def batch_norm(xs, ys):
        predictions = causal(xs, ys)
        return predictions - predictions.mean(axis=0, keepdims=True)

    with raises(CheckError, "independence"):
        evaluate(batch_norm, "tiny", LINEAR)


def test_an_answer_of_another_shape_is_reported_with_both_shapes(tiny):
    with raises(InputError, "answer-shape", naming=("(16, 9)", "(16, 9, 1)")):
        evaluate(lambda xs, ys: causal(xs, ys)[:, :, 0], "tiny", LINEAR)


@pytest.mark.parametrize(
    ("answer", "code", "kind"),
    [
        (lambda xs, ys: np.zeros(ys.shape, int), "answer-type", "int64"),
        (lambda xs, ys: [[1.0], [1.0, 2.0]], "answer-type", "list"),
        (lambda xs, ys: None, "answer-shape", "()"),
        (lambda xs, ys: np.full(ys.shape, "a"), "answer-type", "<U1"),
    ],
)
def test_an_answer_that_is_no_array_of_floats_is_reported(tiny, answer, code, kind):
    with raises(InputError, code, naming=kind):
        evaluate(answer, "tiny", LINEAR)


def test_what_a_predictor_does_to_its_arguments_changes_nothing(tiny):
    def destructive(xs, ys):
        predictions = causal(xs, ys)
        xs[:], ys[:] = 7.0, 7.0
        return predictions

    honest, careless = evaluate(causal, "tiny", LINEAR), evaluate(destructive, "tiny", LINEAR)
    assert honest.tasks == {
        name: task.model_copy(update={"cost": honest.tasks[name].cost})
        for name, task in careless.tasks.items()
    }


def test_float64_answers_and_lists_are_taken(tiny):
    doubles = evaluate(lambda xs, ys: causal(xs, ys).astype(np.float64), "tiny", LINEAR)
    lists = evaluate(lambda xs, ys: causal(xs, ys).tolist(), "tiny", LINEAR)
    assert doubles.tasks["linear_regression"].score == lists.tasks["linear_regression"].score
