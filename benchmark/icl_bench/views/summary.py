"""A record in a line, as `repr` and `print` have it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from icl_bench.specs.result import ResultRecord, TaskResult

_MOST_SCORES = 6


def record_summary(record: "ResultRecord") -> dict[str, Any]:
    """The model, the suite, the mean score of the tasks that have one, and the first scores."""
    scores = {name: _rounded(task.score.value) for name, task in record.tasks.items()}
    known = [task.score.value for task in record.tasks.values() if task.score.value is not None]
    summary = {
        "model": record.model.id,
        "suite": record.suite.name,
        "mean_score": _rounded(sum(known) / len(known)) if known else None,
        "scores": dict(list(scores.items())[:_MOST_SCORES]),
    }
    further = len(scores) - _MOST_SCORES
    return summary | ({"further_tasks": further} if further > 0 else {})


def task_summary(task: "TaskResult") -> dict[str, Any]:
    """The sizes of a task and its estimates."""
    estimates = {name: _rounded(estimate.value) for name, estimate in task.estimates.items()}
    return {"prompts": task.prompts, "points": task.points, "estimates": estimates}


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
