"""The terminal's table of a result record."""

from icl_bench.display.text_table import text_table
from icl_bench.scoring.metric import Metric, metrics
from icl_bench.specs.result import NO_ESTIMATE, REQUIRED_METRICS, Estimate, ResultRecord, TaskResult

HEADERS = ("task", "error", "of zero", "baseline", "score", "", "optimality", "seconds")
_DROPPABLE = ("", "seconds", "of zero", "baseline", "error")  # in a narrow window, the first first
_RIGHT = ("error", "of zero", "seconds")
_BAR_CELLS = 10
_EIGHTHS = " ▏▎▍▌▋▊▉"


def as_table(record: ResultRecord, bars: bool = True) -> str:
    """One row a task, then a line for everything that could not be given; `bars` needs a Unicode terminal.

    `error` is the mean squared error of a prediction, `of zero` that of answering 0; intervals are 95%.
    """
    further = _further_metrics(record)
    headers = [*HEADERS, *(metric.heading.lower() for metric in further.values())]
    rows = [
        cells(name, task) + [format_estimate(task.estimates.get(metric, NO_ESTIMATE)) for metric in further]
        for name, task in record.tasks.items()
    ]
    rows += [[name, *["-"] * (len(headers) - 1)] for name in record.missing]
    if bars:
        for row, task in zip(rows, record.tasks.values(), strict=False):
            row[5] = score_bar(task.score.value)
    align = ["right" if header in _RIGHT else "left" for header in headers]
    table = text_table(rows, headers, droppable=_DROPPABLE, tablefmt="simple", colalign=align)
    notes = notes_on(record)
    return "\n".join([table, "", *notes] if notes else [table])


def _further_metrics(record: ResultRecord) -> dict[str, Metric]:
    """The metrics of a record that have no place among `HEADERS`."""
    recorded = {name for task in record.tasks.values() for name in task.estimates}
    return {name: metric for name, metric in metrics().items() if name in recorded - set(REQUIRED_METRICS)}


def score_bar(score: float | None) -> str:
    """A bar of ten cells for a score from 0 to 1, in eighths of a cell."""
    eighths = round(min(max(score or 0.0, 0.0), 1.0) * _BAR_CELLS * 8)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def format_estimate(estimate: Estimate) -> str:
    """A number with its interval, as in a table's cell; a dash where there is none."""
    if estimate.value is None:
        return "-"
    if estimate.low is None:
        return _number(estimate.value)
    return f"{_number(estimate.value)} [{_number(estimate.low)}, {_number(estimate.high)}]"


def _number(value: float | None) -> str:
    """Three digits after the point; a huge number is not written out."""
    return f"{value:.1e}" if value is not None and abs(value) >= 1e5 else f"{value:z.3f}"


def cells(name: str, task: TaskResult) -> list[str]:
    """The cells of a task, under `HEADERS`; that of the bar is empty."""
    zero = task.scored_sum(task.error_curves.zero) / task.scored_points
    numbers = [f"{task.mean_error.value:.4g}", f"{zero:.4g}", task.baseline]
    return [
        name,
        *numbers,
        format_estimate(task.score),
        "",
        format_estimate(task.optimality),
        f"{task.cost.seconds:.2f}",
    ]


def notes_on(record: ResultRecord) -> list[str]:
    """A line for everything that could not be given in full, and why."""
    notes = []
    for name, task in record.tasks.items():
        parts = [(what, estimate) for what, estimate in task.estimates.items() if what != "mean_error"]
        reasons = [f"no {_lacking(what, part)} ({part.reason})" for what, part in parts if part.reason]
        if reasons:
            notes.append(f"{name}: {', '.join(reasons)}")
        notes += [
            f"{name}: {what} on the first {part.prompts:,} of {task.prompts:,} prompts"
            for what, part in parts
            if part.prompts is not None
        ]
    for reason in dict.fromkeys(record.missing.values()):
        tasks = [name for name, why in record.missing.items() if why == reason]
        notes.append(f"not evaluated: {', '.join(tasks)} ({reason})")
    return notes


def _lacking(what: str, estimate: Estimate) -> str:
    return what if estimate.value is None else f"interval of the {what}"
