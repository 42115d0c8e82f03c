"""Accuracy and log-loss: by hand, where they are defined, and from a record to the board."""

import json
from math import log

import numpy as np
import pytest
from raising import raises

import icl_bench
from icl_bench.baselines.base import get_baseline
from icl_bench.display.table import as_table
from icl_bench.errors import SpecError
from icl_bench.frozen.errors import frozen_baselines
from icl_bench.leaderboard.entries import baseline_contenders
from icl_bench.ranking.contenders import contender
from icl_bench.ranking.resampled import sample_task
from icl_bench.records.audit import audit
from icl_bench.records.read import load_record
from icl_bench.scoring.metric import metrics
from icl_bench.specs.result import ResultRecord, parse_record
from icl_bench.suites import generate, load_suite, suite_names

TASK = "parity_2"
BOOLEAN = [(name, task) for name in ("mini-boolean", "text-boolean") for task in load_suite(name).tasks]


@pytest.fixture(scope="module")
def record() -> ResultRecord:
    return icl_bench.evaluate("baseline/nearest_neighbour", "text-boolean", [TASK])


def values(name: str, predictions: list[float], labels: list[int]) -> list[float]:
    arrays = (np.float32(numbers).reshape(1, -1, 1) for numbers in (predictions, labels))
    return metrics()[name].values(*arrays).ravel().tolist()


def test_accuracy_by_hand():
    """The sign counts, whatever the size; no sign counts half."""
    assert values("accuracy", [0.25, -2.0, 0.0, -1e-30, 0.0], [1, 1, -1, -1, 1]) == [1, 0, 0.5, 1, 0.5]


def test_log_loss_by_hand():
    """p(1) = (ŷ + 1) / 2, clipped."""
    losses = values("log_loss", [0.5, 0.5, 0.0, -1.0, 7.0, 7.0], [1, -1, 1, -1, 1, -1])
    sure, wrong = -log(1 - 1e-6), -log(1e-6)
    assert losses == pytest.approx([-log(0.75), -log(0.25), log(2), sure, sure, wrong], rel=1e-9)


def test_only_tasks_of_the_suites_of_boolean_functions_have_them():
    """Boards and files of the suites before these stay as they were."""
    for name in suite_names():
        suite = load_suite(name)
        known = metrics(suite.tasks.values(), on_board=True)
        assert ({"accuracy", "log_loss"} <= set(known)) == ("boolean" in name)
        assert ("boolean" in name) or set(known) == {"score", "optimality", "gain"}


def test_a_record_holds_them_by_prompt_and_along_the_prompt(record, tmp_path):
    suite = load_suite("text-boolean")
    result = record.tasks[TASK]
    for name in ("accuracy", "log_loss"):
        estimate, curve = result.estimates[name], result.value_curves[name]
        assert estimate.low < estimate.value < estimate.high
        assert np.mean(curve) == pytest.approx(estimate.value)
        assert sum(result.prompt_values[name]) == pytest.approx(estimate.value * 50 * 100)
        assert f"{estimate.value:.3f}" in as_table(record)
        assert record.to_frame()[name][0] == estimate.value
    assert result.value_curves["accuracy"][0] == 0.5
    assert result.value_curves["log_loss"][0] == pytest.approx(log(2))
    record.save(tmp_path / "r.json")
    assert load_record(tmp_path / "r.json") == record
    audit(record, suite, "r.json")


@pytest.mark.parametrize("key", ["prompt_values", "value_curves"])
def test_other_values_than_those_of_the_record_are_refused(record, key):
    suite = load_suite("text-boolean")
    value = json.loads(record.to_json())
    value["tasks"][TASK][key]["accuracy"][3] += 0.25
    with raises(SpecError, naming="accuracy"):
        audit(parse_record(json.dumps(value), "r.json"), suite, "r.json")
    value["tasks"][TASK][key]["accuracy"].append(0.5)
    with raises(SpecError, naming=key):
        parse_record(json.dumps(value), "r.json")


def test_the_board_has_the_numbers_of_records_and_of_frozen_baselines(record):
    suite = load_suite("text-boolean")
    baselines = {baseline.name: baseline for baseline in baseline_contenders(suite)}
    frozen = baselines["baseline/nearest_neighbour"]
    sampled = sample_task(suite, TASK, [contender("x", [record]), frozen])
    for name in ("accuracy", "log_loss"):
        own, other = sampled[name].estimates
        assert own == other == record.tasks[TASK].estimates[name]


@pytest.mark.parametrize(("name", "task"), BOOLEAN)
def test_the_exact_predictor_is_best_by_each_measure(name, task):
    """Squared error and log-loss are proper, and the sign of the posterior mean is right most often."""
    suite = load_suite(name)
    frozen = frozen_baselines(suite, task)
    exact = frozen.pop(suite.task(task).exact)
    count = suite.task(task).scored_points.count
    for other in frozen.values():
        gains = {
            "error": other.errors - exact.errors,
            "log_loss": other.values["log_loss"] - exact.values["log_loss"],
            "accuracy": exact.values["accuracy"] - other.values["accuracy"],
        }
        for gain in gains.values():
            assert gain.mean() >= -3 * gain.std() / np.sqrt(len(gain)) - 1e-6 * count


@pytest.mark.parametrize("task", load_suite("text-boolean").tasks.values(), ids=lambda task: task.name)
def test_exact_answers_are_calibrated(task):
    """At the size of the suite: y − ŷ has the mean 0, whatever is said by then, so beside ŷ itself too."""
    xs, ys, _ = generate(task, "text-boolean-v1", "eval", 0, 100)
    predictions = get_baseline(task.exact, task).predict(xs, ys).astype(np.float64)
    residuals = ys - predictions
    for weighed in (residuals, residuals * predictions):
        by_prompt = weighed.mean(axis=(1, 2))
        assert abs(by_prompt.mean()) < 4 * by_prompt.std() / 10


@pytest.mark.parametrize(("name", "task"), BOOLEAN)
def test_frozen_curves_of_values_are_means_of_the_same_answers(name, task):
    suite = load_suite(name)
    for frozen in frozen_baselines(suite, task).values():
        for metric, curve in frozen.value_curves.items():
            assert curve.sum() == pytest.approx(frozen.values[metric].mean())
        zero = frozen_baselines(suite, task)["zero"]
        assert set(zero.value_curves["accuracy"]) == {0.5}
