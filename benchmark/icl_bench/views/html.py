"""A record as HTML, for a notebook: the table, a small chart, and what could not be given.

Whatever a record holds is text there: names are escaped.
"""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from icl_bench.charts import Chart, Series, draw
from icl_bench.charts.series import is_number
from icl_bench.views.cells import HEADERS, cells, notes_on

if TYPE_CHECKING:
    from icl_bench.specs.result import ResultRecord, TaskResult

_WIDTH = 700  # of the chart, in pixels
_HIGHEST = 1.25  # relative error; what is worse leaves the frame, marked by an arrow
_MOST_CURVES = 12  # that differ without colour
_BAR = HEADERS.index("")  # a bar of characters, which HTML has no need of


def as_html(record: "ResultRecord") -> str:
    """The model and its suite, a row a task, notes, and the chart, as one `<div>`."""
    headers, *rows = [
        [cell for place, cell in enumerate(row) if place != _BAR]
        for row in (HEADERS, *(cells(name, task) for name, task in record.tasks.items()))
    ]
    rows += [[name, *["-"] * (len(headers) - 1)] for name in record.missing]
    title = f"<p><strong>{escape(record.model.id)}</strong> on {escape(record.suite.name)}</p>"
    notes = [f"<div>{escape(note)}</div>" for note in notes_on(record)]
    chart = _chart(record)
    return "\n".join(["<div>", title, _table(headers, rows), *notes, *([chart] if chart else []), "</div>"])


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def line(tag: str, row: Sequence[str]) -> str:
        cells = "".join(f'<{tag} style="text-align: left">{escape(cell)}</{tag}>' for cell in row)
        return f"<tr>{cells}</tr>"

    body = "".join(line("td", row) for row in rows)
    return f"<table><thead>{line('th', headers)}</thead><tbody>{body}</tbody></table>"


def _chart(record: "ResultRecord") -> str:
    """Relative errors of the first tasks against context length; empty where none can be drawn."""
    named = [(name, _relative(task), task.scored_points) for name, task in record.tasks.items()]
    drawn = [
        Series(
            name,
            range(len(curve)),
            curve,
            "model",
            note=scored.in_words("", "the last is scored", "scored: {}"),
        )
        for name, curve, scored in named
        if any(is_number(value) for value in curve)
    ][:_MOST_CURVES]
    if not drawn:
        return ""
    title = "Error relative to answering 0"
    if len(drawn) < len(named):
        title += f", {len(drawn)} of {len(named)} tasks"
    return draw(
        Chart(title, "context length", "relative error", drawn, y_limit=_HIGHEST), _WIDTH, standalone=True
    )


def _relative(task: "TaskResult") -> list[float]:
    """The model's mean squared error over that of answering 0; NaN where that is 0."""
    pairs = zip(task.error_curves.model, task.error_curves.zero, strict=True)
    return [error / zero if zero > 0 else float("nan") for error, zero in pairs]
