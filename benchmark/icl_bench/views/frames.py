"""A record as pandas tables: a row a task, and a row a point of its error curves."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pandas as pd

from icl_bench.specs.outcome import OUTCOME_COLUMNS, outcome_row
from icl_bench.views.series import predictor_curves

if TYPE_CHECKING:
    from icl_bench.specs.result import ResultRecord, TaskResult


def task_frame(record: "ResultRecord") -> pd.DataFrame:
    """One row a task in the suite's order; tasks not answered hold NaN. Of what was asked in text a column
    `label_share` says what the labels hold of the probability."""
    rows = [_row(name, task) for name, task in record.tasks.items()]
    rows += [{"task": name, "missing": reason} for name, reason in record.missing.items()]
    metrics = dict.fromkeys(key for task in record.tasks.values() for key in task.estimates)
    in_text = ["label_share"] * any(task.label_share is not None for task in record.tasks.values())
    frame = pd.DataFrame(rows, columns=[*_row_columns(metrics), *in_text, "missing"])
    frame.insert(0, "suite", record.suite.name)
    frame.insert(0, "model", record.model.id)
    return frame


def curve_frame(record: "ResultRecord") -> pd.DataFrame:
    """One row a task, predictor and context length; the columns are those of `ResultRecord.curves`."""
    parts = [
        pd.DataFrame(
            {
                "task": name,
                "context_length": series.x,
                "predictor": series.name,
                "error": series.y,
                "low": float("nan") if series.low is None else series.low,
                "high": float("nan") if series.high is None else series.high,
            }
        )
        for name, task in record.tasks.items()
        for series in predictor_curves(record.model.id, task)
    ]
    return pd.concat(parts, ignore_index=True)


def _row(name: str, task: "TaskResult") -> dict[str, Any]:
    row: dict[str, Any] = {"task": name, "prompts": task.prompts, "points": task.points}
    for key, estimate in task.estimates.items():
        row |= {key: estimate.value, f"{key}_low": estimate.low, f"{key}_high": estimate.high}
    row["zero_error"] = task.scored_points.total(task.error_curves.zero) / task.scored_points.count
    row |= {"baseline": task.baseline, "exact": task.exact, "seconds": task.cost.seconds, "seed": task.seed}
    return row | {"label_share": task.label_share} | outcome_row(task.outcome)


def _row_columns(metrics: Iterable[str]) -> list[str]:
    numbers = [f"{key}{end}" for key in metrics for end in ("", "_low", "_high")]
    described = ["zero_error", "baseline", "exact", "seconds", "seed", *OUTCOME_COLUMNS]
    return ["task", "prompts", "points", *numbers, *described]
