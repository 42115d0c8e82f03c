"""The terminal's table of a result record."""

from icl_bench.display.text_table import text_table
from icl_bench.scoring.metric import Metric, metrics
from icl_bench.specs.result import NO_ESTIMATE, REQUIRED_METRICS, ResultRecord
from icl_bench.views.cells import HEADERS, cells, format_estimate, notes_on

_DROPPABLE = ("", "seconds", "of zero", "baseline", "error", "gain")  # in a narrow window, the first first
_RIGHT = ("error", "of zero", "seconds")
_BAR_CELLS = 10
_EIGHTHS = " ▏▎▍▌▋▊▉"


def as_table(record: ResultRecord, bars: bool = True) -> str:
    """One row a task, then a line for everything that could not be given; `bars` needs a Unicode terminal.

    `error` is the mean squared error of a prediction, `of zero` that of answering 0; intervals are 95%.
    """
    further = _further_metrics(record)
    headers = [*HEADERS[:-1], *(metric.heading.lower() for metric in further.values()), HEADERS[-1]]
    rows = []
    for name, task in record.tasks.items():
        *numbers, seconds = cells(name, task)
        estimates = [task.estimates.get(metric, NO_ESTIMATE) for metric in further]
        rows.append([*numbers, *map(format_estimate, estimates), seconds])
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
