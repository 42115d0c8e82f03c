"""The numbers of a chart as a table, for readers who do not see it or want the numbers."""

import csv
import io

from icl_bench.charts.series import Chart, is_number
from icl_bench.charts.text import plain

Cell = str | float | int | None


def table_rows(chart: Chart) -> list[list[Cell]]:
    """A head of names, then one row for each x that any series has; None where a series has a gap."""
    columns = [
        {x: y for x, y in zip(series.x, series.y, strict=True) if is_number(y)} for series in chart.series
    ]
    head: list[Cell] = [chart.x_label, *(plain(series.heading or series.name) for series in chart.series)]
    places = sorted({x for series in chart.series for x in series.x})
    rows: list[list[Cell]] = [[x, *(column.get(x) for column in columns)] for x in places]
    return [head, *rows]


def as_csv(chart: Chart) -> str:
    """The table as CSV with every digit; a gap is an empty cell."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table_rows(chart))
    return text.getvalue()
