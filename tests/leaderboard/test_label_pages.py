"""Accuracy along the prompt on pages and in files of a suite of Boolean functions, and of no other."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

import icl_bench
from icl_bench.frozen.errors import frozen_baselines
from icl_bench.leaderboard.entries import Entry
from icl_bench.leaderboard.formats import in_points, of_labels
from icl_bench.leaderboard.pages.files import board_csv, curve_columns, curves_csv, run_columns
from icl_bench.leaderboard.pages.label_charts import accuracy_chart
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.suites import load_suite

TASK = "majority"


@pytest.fixture(scope="module")
def board() -> SuiteBoard:
    """Two runs of a model that answers as knn does, the second with other values."""
    suite = load_suite("text-boolean")
    record = icl_bench.evaluate("baseline/knn", "text-boolean", [TASK])
    model = record.model.model_copy(update={"id": "ana/near", "kind": "callable"})
    first = record.model_copy(update={"model": model})
    result = first.tasks[TASK]
    half = {metric: [value / 2 for value in curve] for metric, curve in result.value_curves.items()}
    other = first.model_copy(update={"tasks": {TASK: result.model_copy(update={"value_curves": half})}})
    return SuiteBoard(suite, [Entry("ana/near", [first, other])], front=False)


def test_the_chart_has_models_between_the_nearest_input_and_the_exact_predictor(board):
    task = board.suite.task(TASK)
    chart = accuracy_chart(board, task, board.data.models)
    frozen = frozen_baselines(board.suite, TASK)
    curves = {series.name: list(series.y) for series in chart.series}
    assert list(curves) == ["majority_bayes", "nearest_neighbour", "zero", "ana/near"]
    for name in ("majority_bayes", "nearest_neighbour", "zero"):
        assert curves[name] == frozen[name].value_curves["accuracy"].tolist()
    assert curves["ana/near"] == pytest.approx(0.75 * frozen["knn"].value_curves["accuracy"])


def test_a_model_with_a_run_that_lacks_values_has_no_curve(board):
    entry = board.entries[0]
    first, other = entry.records
    lacking = other.tasks[TASK].model_copy(update={"value_curves": {}})
    records = [first, other.model_copy(update={"tasks": {TASK: lacking}})]
    changed = replace(board, entries=[replace(entry, records=records)])
    assert changed.value_curve("ana/near", TASK, "accuracy") is None
    assert board.value_curve("ana/near", TASK, "accuracy") is not None
    assert board.value_curve("baseline/of_nobody", TASK, "accuracy") is None


def test_the_csv_of_curves_has_a_column_a_metric(board):
    rows = list(csv.DictReader(io.StringIO(curves_csv(board))))
    assert list(rows[0]) == list(curve_columns(board))
    for metric in ("accuracy", "log_loss"):
        own = [float(row[metric]) for row in rows if (row["model"], row["task"]) == ("ana/near", TASK)]
        assert own == board.value_curve("ana/near", TASK, metric)
        frozen = [
            float(row[metric]) for row in rows if (row["model"], row["task"]) == ("baseline/ridge", "dnf3")
        ]
        assert frozen == board.value_curve("baseline/ridge", "dnf3", metric)


def test_the_table_of_the_board_has_them_with_intervals(board):
    rows = list(csv.DictReader(io.StringIO(board_csv(board.data))))
    (row,) = [row for row in rows if row["model"] == "baseline/knn" and row["task"] == TASK]
    values = frozen_baselines(board.suite, TASK)["knn"].values
    for metric in ("accuracy", "log_loss"):
        assert float(row[metric]) == pytest.approx(np.mean(values[metric]) / 50)
        assert float(row[f"{metric}_low"]) < float(row[metric]) < float(row[f"{metric}_high"])


def test_other_suites_have_no_such_chart_or_column():
    mini = SuiteBoard(load_suite("mini"), [], front=False)
    assert accuracy_chart(mini, mini.suite.task("sparse_parity"), []) is None
    names = [*curve_columns(mini), *run_columns(mini.data), *board_csv(mini.data).split("\n")[0].split(",")]
    assert not {"accuracy", "log_loss"} & set(names)


def test_log_loss_is_shown_as_it_is_and_shares_in_points():
    assert [in_points(name) for name in ("score", "gain", "accuracy", "log_loss")] == [
        True,
        True,
        True,
        False,
    ]
    assert [of_labels(name) for name in ("optimality", "accuracy", "log_loss")] == [False, True, True]
