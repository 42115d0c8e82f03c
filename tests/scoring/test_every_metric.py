"""What holds for every metric, from a record to the board: its number, its interval, the audit."""

import numpy as np
import pytest

import icl_bench
from icl_bench.display.table import as_table
from icl_bench.ranking.contenders import contender
from icl_bench.ranking.resampled import sample_task
from icl_bench.records.audit import audit
from icl_bench.records.read import load_record
from icl_bench.scoring.metric import METRICS, metrics
from icl_bench.specs.result import REQUIRED_METRICS
from icl_bench.suites import load_suite

TASK = "linear_regression"
OF_ERRORS = sorted(metrics(load_suite("mini").task(TASK)))  # those of labels are in test_label_metrics.py


@pytest.fixture
def record(tiny):
    return icl_bench.evaluate("baseline/ridge", "tiny", [TASK])


def test_metrics_have_places_of_their_own_and_those_of_every_record_come_first():
    places = [metric.place for metric in metrics().values()]
    assert places == sorted(set(places))
    assert tuple(metrics())[: len(REQUIRED_METRICS)] == REQUIRED_METRICS
    assert list(metrics(on_board=True))[:2] == ["score", "optimality"]


@pytest.mark.parametrize("name", OF_ERRORS)
def test_a_record_has_it_with_its_interval_and_passes_the_audit(name, tiny, record, tmp_path):
    metric = metrics()[name]
    assert metric.heading
    assert metric.definition.endswith(".")
    estimate = record.tasks[TASK].estimates[name]
    assert estimate.low <= estimate.value <= estimate.high
    record.save(tmp_path / "r.json")
    again = load_record(tmp_path / "r.json")
    assert again == record
    audit(again, tiny, "r.json")
    assert f"{estimate.value:.3f}" in as_table(record) or name == "mean_error"
    assert record.to_frame()[name][0] == estimate.value


@pytest.mark.parametrize("name", [name for name in OF_ERRORS if metrics()[name].on_board])
def test_the_board_has_the_number_of_the_record(name, tiny, record):
    sampled = sample_task(tiny, TASK, [contender("x", [record])])
    assert sampled[name].estimates[0] == record.tasks[TASK].estimates[name]


@pytest.mark.parametrize("name", sorted(METRICS.entries()))
def test_it_does_not_depend_on_the_scale_of_rows(name):
    """The same sums in two rows give the same number twice."""
    metric = metrics()[name]
    model, anchor, zero = np.array([[3.0], [3.0]]), np.array([[1.0], [1.0]]), np.array([[9.0], [9.0]])
    both = metric.compute(model, anchor, zero, 4)
    assert both.shape == (2, 1)
    assert both[0] == both[1]
