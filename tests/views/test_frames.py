"""A record's curves as a table: what the file holds, a row a point, and nothing that it does not hold."""

import numpy as np
from fabricated_record import record

from icl_bench.specs.result import ErrorCurves, ResultRecord


def with_curves(of_task: str, **curves: list[float] | None) -> ResultRecord:
    """A record whose named task has other error curves."""
    made = record("someone/model", 0.2)
    result = made.tasks[of_task]
    changed = ErrorCurves(**(result.error_curves.model_dump() | curves))
    tasks = made.tasks | {of_task: result.model_copy(update={"error_curves": changed})}
    return made.model_copy(update={"tasks": tasks})


def test_every_curve_of_the_record_is_there_with_the_interval_of_the_model() -> None:
    made = record("someone/model", 0.2)
    frame = made.curves()
    assert list(frame.columns) == ["task", "context_length", "predictor", "error", "low", "high"]
    assert list(frame.task.unique()) == list(made.tasks)
    result = made.tasks["sparse_linear_regression"]
    by_predictor = dict(iter(frame[frame.task == "sparse_linear_regression"].groupby("predictor")))
    curves = result.error_curves
    expected = {"someone/model": curves.model, "sparse_bayes": curves.exact, "lasso": curves.baseline}
    assert {name: rows.error.tolist() for name, rows in by_predictor.items()} == expected | {
        "zero": curves.zero
    }
    assert all(rows.context_length.tolist() == list(range(result.points)) for rows in by_predictor.values())
    model = by_predictor["someone/model"]
    assert (model.low.tolist(), model.high.tolist()) == (curves.model_low, curves.model_high)
    assert by_predictor["lasso"][["low", "high"]].isna().all().all()


def test_a_predictor_without_recorded_errors_has_no_rows_and_one_with_two_parts_has_them_once() -> None:
    made = with_curves("sparse_linear_regression", exact=None)
    frame = made.curves()
    assert set(frame[frame.task == "sparse_linear_regression"].predictor) == {
        "someone/model",
        "lasso",
        "zero",
    }
    linear = frame[frame.task == "linear_regression"]
    assert (linear.predictor == "least_squares").sum() == made.tasks["linear_regression"].points


def test_a_model_that_is_called_as_a_baseline_is_not_mixed_with_it() -> None:
    frame = record("zero", 0.2).curves()
    assert {"zero", "zero (model)"} <= set(frame.predictor)
    assert np.isfinite(frame[frame.predictor == "zero (model)"].low).all()
