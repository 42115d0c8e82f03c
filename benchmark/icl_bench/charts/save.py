"""A chart as a file, in the form that its name ends in."""

from collections.abc import Callable
from pathlib import Path

from icl_bench.charts.figure import as_file
from icl_bench.charts.series import Chart
from icl_bench.charts.svg import draw
from icl_bench.charts.table import as_csv
from icl_bench.files import check_ending, whole_file

_FORMS: dict[str, Callable[[Chart], bytes]] = {
    ".svg": lambda chart: draw(chart, standalone=True).encode(),
    ".png": lambda chart: as_file(chart, "png"),
    ".pdf": lambda chart: as_file(chart, "pdf"),
    ".csv": lambda chart: as_csv(chart).encode(),
}


def check_chart_ending(path: Path) -> None:
    """InputError where a file's name ends in no form that a chart has."""
    check_ending(path, _FORMS, "a chart")


def save_chart(chart: Chart, path: Path) -> None:
    """Write the chart, whole or not at all: the same bytes for the same chart.

    InputError as `check_chart_ending`, and where matplotlib, which draws PNG and PDF, is not installed;
    StorageError where the file cannot be written.
    """
    check_chart_ending(path)
    content = _FORMS[path.suffix.lower()](chart)
    with whole_file(path) as part:
        part.write_bytes(content)
