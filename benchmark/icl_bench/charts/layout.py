"""Where everything on a chart goes: the frame, the axes, and a label for every curve."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from icl_bench.charts.axes import Axis, x_axis, y_axis
from icl_bench.charts.labels import spread, total_height
from icl_bench.charts.lines import Point, runs
from icl_bench.charts.numbers import format_number
from icl_bench.charts.series import Chart, Number, Numbers, Series, is_number
from icl_bench.charts.shorten import shortened_apart
from icl_bench.charts.text import BOLD, plain, text_width, wrapped
from icl_bench.errors import InputError

TITLE, TEXT, SMALL = 15.0, 12.0, 12.0  # sizes of text
_LINE, SMALL_LINE = 15.0, 14.0  # heights of lines of TEXT and SMALL
NARROWEST = 300
_NAME_SHARE = 0.25  # of the width is for names, at most
KEY = 26.0  # length of the sample of a curve beside its name
_LEADER = 20.0


@dataclass(frozen=True)
class Label:
    """What is written at the right end of a curve."""

    end: Point  # of the curve, moved into the frame
    height: float  # of the middle of its name
    name: str
    notes: list[str]  # lines below the name


@dataclass(frozen=True)
class Curve:
    """A series in pixels."""

    points: list[Point | None]
    bands: list[tuple[list[Point], list[Point]]]  # (low, high) of each stretch without gaps
    peak: Point | None  # where it is furthest above the frame, if it leaves it


@dataclass(frozen=True)
class Layout:
    """A chart's measures in pixels."""

    width: int
    height: float
    title: list[str]
    x: Axis
    y: Axis  # starts at the bottom of the frame
    curves: list[Curve]
    labels: list[Label]

    @property
    def label_x(self) -> float:
        """Where the samples of the curves begin, and the leader lines end."""
        return self.x.end + _LEADER


def lay_out(chart: Chart, width: int) -> Layout:
    """Measures for a chart of this width, as high as its labels need; InputError where it is too narrow."""
    if width < NARROWEST:
        raise InputError(
            f"a chart {width} pixels wide has no room for names; give at least {NARROWEST}", code="too-narrow"
        )
    title = wrapped(plain(chart.title), (width - 16) / BOLD, TITLE)
    name_width = _NAME_SHARE * width
    peaks = [largest_beyond(chart, series) for series in chart.series]
    names = shortened_apart([plain(series.name) for series in chart.series], name_width, TEXT)
    note_texts = [note_text(series, peak) for series, peak in zip(chart.series, peaks, strict=True)]
    notes = [wrapped(note, name_width, SMALL) for note in note_texts]
    column = max(BOLD * text_width(name, TEXT) for name in names)
    column = max([column, *(text_width(line, SMALL) for lines in notes for line in lines)])
    extents = [(_LINE / 2, _LINE / 2 + (SMALL_LINE * len(lines) + 3 if lines else 0)) for lines in notes]
    top = 20.0 * len(title) + 38
    bottom = top + max(0.4 * width + 80, total_height(extents))
    y = replace(y_axis(chart), start=bottom, end=top)
    left = 18 + max(text_width(text, SMALL) for _, text in y_ticks(chart, y))
    x = replace(x_axis(chart), start=left, end=width - column - KEY - _LEADER - 10)
    curves = [_curve(series, x, y, peak) for series, peak in zip(chart.series, peaks, strict=True)]
    ends = [_end(curve, y) for curve in curves]
    order = sorted(range(len(ends)), key=lambda k: _trail(curves[k], y))
    heights = spread(
        [ends[k][1] for k in order], [extents[k] for k in order], top - _LINE / 2, bottom + _LINE / 2
    )
    at = dict(zip(order, heights, strict=True))
    labels = [Label(ends[k], at[k], names[k], notes[k]) for k in range(len(ends))]
    return Layout(width, bottom + 44, title, x, y, curves, labels)


def x_ticks(axis: Axis) -> list[tuple[float, str]]:
    """Ticks with room for their numbers."""
    return axis.ticks(max(2, int((axis.end - axis.start) / 50)))


def y_ticks(chart: Chart, axis: Axis) -> list[tuple[float, str]]:
    """Ticks with room for their numbers; where values lie below the axis, its lowest one says so."""
    ticks = axis.ticks(max(2, int((axis.start - axis.end) / 55)))
    below = any(value < axis.low for series in chart.series for value in series.numbers)
    return [(value, f"≤ {text}" if below and value <= axis.low else text) for value, text in ticks]


def largest_beyond(chart: Chart, series: Series) -> tuple[Number, Number] | None:
    """The x and y of a series' largest value, where that is beyond the chart's limit."""
    if chart.y_limit is None:
        return None
    y, x = max((y, -x) for x, y in zip(series.x, series.y, strict=True) if is_number(y))
    return (-x, y) if y > chart.y_limit else None


def note_text(series: Series, peak: tuple[Number, Number] | None) -> str:
    """What stands below a series' name: its own note, and how far it goes beyond the limit."""
    parts = [plain(series.note)] if series.note else []
    if peak:
        parts.append(f"up\xa0to\xa0{format_number(peak[1])}")
    return ", ".join(parts)


def _curve(series: Series, x: Axis, y: Axis, peak: tuple[Number, Number] | None) -> Curve:
    def placed(values: Numbers, among: Sequence[bool]) -> list[Point | None]:
        points = zip(series.x, values, among, strict=True)
        return [(x.pixel(a), y.pixel(b)) if drawn else None for a, b, drawn in points]

    summit = (x.pixel(peak[0]), y.end) if peak else None
    points = placed(series.y, [is_number(value) for value in series.y])
    if series.low is None or series.high is None:
        return Curve(points, [], summit)
    known = [is_number(low) and is_number(high) for low, high in zip(series.low, series.high, strict=True)]
    edges = (runs(placed(edge, known)) for edge in (series.low, series.high))
    return Curve(points, list(zip(*edges, strict=True)), summit)


def _end(curve: Curve, y: Axis) -> Point:
    last = [point for point in curve.points if point][-1]
    return last[0], max(y.end, min(y.start, last[1]))


def _trail(curve: Curve, y: Axis) -> list[int]:
    """Heights from the right end backwards: curves that end together are labelled as they came in."""
    points = [point for point in reversed(curve.points) if point]
    return [round(max(y.end, min(y.start, point[1]))) for point in points]
