"""The cells of a record's table, and the notes below it: number formats are here alone."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from icl_bench.specs.result import Estimate, ResultRecord, TaskResult

HEADERS = ("task", "error", "of zero", "baseline", "score", "", "optimality", "seconds")


def format_estimate(estimate: "Estimate") -> str:
    """A number with its interval, as in a table's cell; a dash where there is none."""
    if estimate.value is None:
        return "-"
    if estimate.low is None:
        return _number(estimate.value)
    return f"{_number(estimate.value)} [{_number(estimate.low)}, {_number(estimate.high)}]"


def _number(value: float | None) -> str:
    """Three digits after the point; a huge number is not written out."""
    return f"{value:.1e}" if value is not None and abs(value) >= 1e5 else f"{value:z.3f}"


def cells(name: str, task: "TaskResult") -> list[str]:
    """The cells of a task, under `HEADERS`; that of the bar is empty."""
    zero = task.scored_points.total(task.error_curves.zero) / task.scored_points.count
    numbers = [f"{task.mean_error.value:.4g}", f"{zero:.4g}", task.baseline]
    return [
        name,
        *numbers,
        format_estimate(task.score),
        "",
        format_estimate(task.optimality),
        f"{task.cost.seconds:.2f}",
    ]


def notes_on(record: "ResultRecord") -> list[str]:
    """A line for everything that could not be given in full, and why; for gaps to fresh prompts; and for what
    labels hold of a language model's probability."""
    notes = []
    for name, task in record.tasks.items():
        lacking: dict[str, list[str]] = {}  # by reason
        fewer: dict[int, list[str]] = {}  # by the number of prompts
        for what, estimate in task.estimates.items():
            if what != "mean_error" and estimate.reason is not None:
                lacking.setdefault(estimate.reason, []).append(f"no {_lacking(what, estimate)}")
            if what != "mean_error" and estimate.prompts is not None:
                fewer.setdefault(estimate.prompts, []).append(what)
        if lacking:
            reasons = [f"{' and '.join(metrics)} ({reason})" for reason, metrics in lacking.items()]
            notes.append(f"{name}: {', '.join(reasons)}")
        notes += [
            f"{name}: {', '.join(metrics)} on the first {prompts:,} of {task.prompts:,} prompts"
            for prompts, metrics in fewer.items()
        ]
    notes += [
        f"{name}: optimality lower by {format_estimate(task.fresh.gap)} "
        f"on {task.fresh.prompts:,} fresh prompts"
        for name, task in record.tasks.items()
        if task.fresh is not None
    ]
    notes += [
        f"{name}: the labels hold {task.label_share:.1%} of the probability"
        for name, task in record.tasks.items()
        if task.label_share is not None and task.answers
    ]
    for reason in dict.fromkeys(record.missing.values()):
        tasks = [name for name, why in record.missing.items() if why == reason]
        notes.append(f"not evaluated: {', '.join(tasks)} ({reason})")
    return notes


def _lacking(what: str, estimate: "Estimate") -> str:
    return what if estimate.value is None else f"interval of the {what}"
