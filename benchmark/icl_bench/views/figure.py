"""A record as a figure: a panel of error curves a task."""

from typing import TYPE_CHECKING

from icl_bench.charts import Chart, error_chart, length_label
from icl_bench.charts.figure import figure
from icl_bench.views.series import predictor_curves

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from icl_bench.specs.result import ResultRecord, TaskResult


def record_figure(record: "ResultRecord") -> "Figure":
    """The model on each task, with what the record holds of baselines."""
    return figure([_task_chart(record, name, task) for name, task in record.tasks.items()])


def _task_chart(record: "ResultRecord", name: str, task: "TaskResult") -> Chart:
    level = max(task.error_curves.zero)
    title, series = f"{record.suite.name}/{name}", predictor_curves(record.model.id, task)
    scored = task.scored_points.in_words("", "the last one is scored", "scored: {}")
    return error_chart(title, series, level, x_label=length_label(scored))
