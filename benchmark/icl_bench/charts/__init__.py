"""Line charts as inline SVG: numbers in, text out, the same bytes for the same numbers.

They are readable in black and white: series differ by dashes, markers and width before they differ by colour,
and every curve is named at its right end.
"""

from icl_bench.charts.errors_by_length import baseline_series, error_chart, length_label
from icl_bench.charts.series import Chart, Series
from icl_bench.charts.styles import stylesheet
from icl_bench.charts.svg import draw
from icl_bench.charts.table import as_csv, table_rows

__all__ = [
    "Chart",
    "Series",
    "as_csv",
    "baseline_series",
    "draw",
    "error_chart",
    "length_label",
    "stylesheet",
    "table_rows",
]
