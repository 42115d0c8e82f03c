"""Charts as a matplotlib figure, for a paper or a notebook: the looks of the SVG, names beside each panel.

matplotlib is an extra, `plot`; only this file imports it.
"""

from collections.abc import Sequence
from io import BytesIO
from math import ceil
from typing import TYPE_CHECKING, Any

from icl_bench.charts import styles
from icl_bench.charts.axes import x_axis, y_axis
from icl_bench.charts.layout import largest_beyond, note_text
from icl_bench.charts.series import Chart, Number, Series, is_number
from icl_bench.charts.shorten import shortened_apart
from icl_bench.charts.styles import COLOURS, Style, choose_styles
from icl_bench.charts.text import plain, wrapped
from icl_bench.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 2
_PANEL = (5.6, 3.0)  # inches, names included
_PIXELS = 72  # an inch: sizes of text are in points
_TEXT, _SMALL = 9, 8  # points
_NAME_WIDTH = 130  # pixels
_DPI = 200
_LINE, _GAP = 1.25, 0.55  # of a line of a name, and between names, in sizes of its text
_MARKERS = {
    styles.CIRCLE: "o",
    styles.SQUARE: "s",
    styles.DIAMOND: "D",
    styles.UP: "^",
    styles.DOWN: "v",
    styles.PLUS: "+",
    styles.CROSS: "x",
    styles.HOURGLASS: [(-1, -1), (1, -1), (-1, 1), (1, 1), (-1, -1)],
    "": "",
}


def figure(charts: Sequence[Chart]) -> "Figure":
    """A panel a chart, in rows of `COLUMNS`, as tall as its names need; InputError where matplotlib is not
    installed."""
    height = max([_PANEL[1], *map(_names_height, charts)])
    made = _new_figure(min(COLUMNS, len(charts)), ceil(len(charts) / COLUMNS), height)
    for chart, axes in zip(charts, made.axes, strict=False):
        _draw(axes, chart)
    for axes in made.axes[len(charts) :]:
        axes.remove()
    return made


def as_file(chart: Chart, form: str) -> bytes:
    """A chart as `png` or `pdf`, the same bytes for the same chart; InputError as `figure`."""
    made = figure([chart])
    from matplotlib import rc_context

    undated = {"png": {"Software": None}, "pdf": {"CreationDate": None, "Producer": None, "Creator": None}}
    file = BytesIO()
    with rc_context({"pdf.fonttype": 42}):  # letters stay letters: journals ask for it
        made.savefig(file, format=form, dpi=_DPI, metadata=undated[form])
    return file.getvalue()


def _new_figure(columns: int, rows: int, height: float) -> "Figure":
    """Of matplotlib alone, without a window or a global state; a notebook shows it as a picture."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError(
            'matplotlib, which draws this, is not installed; run `pip install "icl-bench[plot]"`, or choose '
            "a chart as .svg",
            code="no-matplotlib",
        ) from None

    class ShownFigure(Figure):
        """A figure that a notebook shows without `%matplotlib` or pyplot."""

        def _repr_png_(self) -> bytes:
            file = BytesIO()
            self.savefig(file, format="png", dpi=_DPI / 2)
            return file.getvalue()

    size = (_PANEL[0] * columns, height * rows)
    made = ShownFigure(figsize=size, layout="constrained")
    made.subplots(rows, columns, squeeze=False)
    return made


def _draw(axes: "Axes", chart: Chart) -> None:
    from matplotlib.ticker import MaxNLocator

    axis = y_axis(chart)
    axes.set_title(plain(chart.title), fontsize=_TEXT, loc="left", parse_math=False)
    axes.set_xlabel(plain(chart.x_label), fontsize=_SMALL, parse_math=False)
    axes.set_ylabel(plain(chart.y_label), fontsize=_SMALL, parse_math=False)
    axes.set(xscale=chart.x_scale, yscale=chart.y_scale, ylim=(axis.low, axis.high))
    axes.tick_params(labelsize=_SMALL)
    if x_axis(chart).whole and chart.x_scale == "linear":
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(visible=True, axis="y", color=COLOURS["grid"][0], linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    floor = axis.low if chart.y_scale == "log" else None
    lines = [
        _draw_series(axes, series, style, floor)
        for series, style in zip(chart.series, choose_styles(chart.series), strict=True)
    ]
    legend = axes.legend(
        lines,
        ["?"] * len(lines),  # set below: matplotlib leaves out what begins with an underscore
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        fontsize=_SMALL,
        frameon=False,
        handlelength=3.2,
    )
    for text, lines_shown in zip(legend.get_texts(), _names(chart), strict=True):
        text.set_parse_math(False)  # a dollar in a name is a dollar
        text.set_text("\n".join(lines_shown))


def _names(chart: Chart) -> list[list[str]]:
    """What stands beside the panel for each series: the lines of its name and its note."""
    names = shortened_apart([plain(series.name) for series in chart.series], _NAME_WIDTH, _SMALL)
    notes = [note_text(series, largest_beyond(chart, series)) for series in chart.series]
    return [[name, *wrapped(note, _NAME_WIDTH, _SMALL)] for name, note in zip(names, notes, strict=True)]


def _names_height(chart: Chart) -> float:
    """The inches that the names take, with the title above them."""
    names = _names(chart)
    lines = sum(map(len, names)) * _LINE + len(names) * _GAP
    return (lines * _SMALL + 3 * _TEXT) / _PIXELS


def _draw_series(axes: "Axes", series: Series, style: Style, floor: Number | None) -> Any:
    """The line with its markers and its band; what is below the floor of a logarithmic axis is on it."""

    def placed(values: Sequence[Number]) -> list[float]:
        known = (float(value) if is_number(value) else float("nan") for value in values)
        return [value if floor is None or not value < floor else float(floor) for value in known]

    colour = COLOURS["muted" if series.faded else style.colour][0]
    dashes = [float(length) / style.width for length in style.dashes.split()]  # matplotlib multiplies them
    (line,) = axes.plot(
        list(map(float, series.x)),
        placed(series.y),
        color=colour,
        linewidth=0.75 * style.width,
        linestyle=(0, dashes) if dashes else "-",
        marker=_MARKERS[style.marker],
        markersize=4,
        markerfacecolor=colour if style.filled else COLOURS["surface"][0],
        markevery=max(1, len(series.x) // 5),
    )
    if series.low is not None and series.high is not None:
        low, high = placed(series.low), placed(series.high)
        axes.fill_between(list(map(float, series.x)), low, high, color=colour, alpha=0.16, linewidth=0)
    return line
