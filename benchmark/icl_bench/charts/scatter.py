"""Dots with names on two axes, x logarithmic, with the line of those that no other beats at no more x."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, cos, floor, log10, pi, sin

from icl_bench.charts.axes import Axis
from icl_bench.charts.elements import Element, add, as_text, coloured, picture, px, stroke, write
from icl_bench.charts.lines import Point
from icl_bench.charts.series import Number
from icl_bench.charts.styles import CIRCLE, DIAMOND, SQUARE
from icl_bench.charts.text import plain, shortened, text_width

TEXT = 12.0  # size of all text
_LOWEST = 390  # pixels, for the names of narrow charts
_NAME = 150.0  # pixels that a name may take
_MARKERS = (CIRCLE, SQUARE, DIAMOND)
_COLOURS = ("1", "4", "5")
_UNITS = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))
_Box = tuple[Number, Number, Number, Number]  # left, top, right, bottom


@dataclass(frozen=True)
class Dot:
    """One dot: its name, place, interval of y, the group that it is drawn as, and what hovering says."""

    name: str
    x: Number
    y: Number
    low: Number | None
    high: Number | None
    group: str
    note: str = ""


@dataclass(frozen=True)
class Scatter:
    """Dots; groups are drawn in the order given, at most three of them."""

    title: str
    description: str
    x_label: str
    y_label: str
    groups: Sequence[str]
    dots: Sequence[Dot]


def front(dots: Sequence[Dot]) -> list[Dot]:
    """Those that no other has at least as high a y as at no more x, by x: the Pareto front."""
    kept: list[Dot] = []
    for dot in sorted(dots, key=lambda dot: (dot.x, -dot.y, dot.name)):
        if not kept or dot.y > kept[-1].y:
            kept.append(dot)
    return kept


def draw_scatter(chart: Scatter, width: int) -> str:
    """The chart as an `<svg>` that keeps to its width, the same text for the same chart."""
    height = max(round(0.42 * width + 170), _LOWEST)
    svg = picture(width, height, chart.title, chart.description)
    top, bottom = 44.0, height - 42.0
    y = _y_axis(chart.dots, bottom, top)
    x = _x_axis(chart.dots, 40.0, width - 14.0)
    _draw_axes(svg, chart, x, y, width)
    at = {dot.name: (x.pixel(dot.x), y.pixel(dot.y)) for dot in chart.dots}
    best = front(chart.dots)
    corners = _corners([at[dot.name] for dot in best], y.start, x.end)
    path = "L".join(f"{px(corner[0])},{px(corner[1])}" for corner in corners)
    line = stroke(coloured(svg, "muted"), f"M{path}", stroke_dasharray="5 4")
    add(line, "title", "Pareto front: no other model has a higher score at no more cost")
    lines = [*pairwise(corners), *_whiskers(chart.dots, at, y)]
    boxes = _placed_names(chart.dots, at, best, lines, (x.start, top - 6, width - 2.0, bottom - 2))
    for dot in chart.dots:
        _draw_dot(svg, chart, dot, at[dot.name], y, boxes.get(dot.name))
    return as_text(svg)


def _corners(best: Sequence[Point], bottom: Number, right: Number) -> list[Point]:
    """The steps of the front, from the bottom at its first dot to the right end."""
    corners = [(best[0][0], float(bottom))]
    for x, y in best:
        corners += [(x, corners[-1][1]), (x, y)]
    return [*corners, (float(right), corners[-1][1])]


def _whiskers(dots: Sequence[Dot], at: dict[str, Point], y: Axis) -> list[tuple[Point, Point]]:
    """The intervals as lines."""
    return [
        ((at[dot.name][0], y.pixel(max(dot.low, y.low))), (at[dot.name][0], y.pixel(min(dot.high, y.high))))
        for dot in dots
        if dot.low is not None and dot.high is not None
    ]


def _x_axis(dots: Sequence[Dot], start: Number, end: Number) -> Axis:
    low, high = min(float(dot.x) for dot in dots), max(float(dot.x) for dot in dots)
    room = max((high / low) ** 0.12, 1.1)
    return Axis(low / room, high * room, "log", start=start, end=end)


def _y_axis(dots: Sequence[Dot], start: Number, end: Number) -> Axis:
    low, high = min(float(dot.y) for dot in dots), max(float(dot.y) for dot in dots)
    step = max((high - low) / 8, 0.5)
    return Axis(floor(low - step), ceil(high + step), start=start, end=end)


def _x_ticks(axis: Axis) -> list[tuple[float, str]]:
    """1, 2 and 5 times powers of ten where there is room, else fewer."""
    choices = ((1, 1.5, 2, 3, 4, 5, 6, 8), (1, 2, 5), (1, 3), (1,))
    every = range(floor(log10(axis.low)), ceil(log10(axis.high)) + 1)
    for factors in choices:
        values = [factor * 10.0**k for k in every for factor in factors]
        known = [value for value in values if axis.low <= value <= axis.high]
        pixels = [axis.pixel(value) for value in known]
        if all(b - a >= 46 for a, b in pairwise(pixels)):
            return [(value, _short(value)) for value in known]
    return [(value, _short(value)) for value in known]


def _short(value: float) -> str:
    for size, unit in _UNITS:
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def _draw_axes(svg: Element, chart: Scatter, x: Axis, y: Axis, width: Number) -> None:
    grid, muted, ink = coloured(svg, "grid"), coloured(svg, "muted"), coloured(svg, "ink")
    write(muted, plain(chart.y_label), 0, 32, TEXT)
    for value, text in y.ticks(6):
        stroke(grid, f"M{px(x.start)},{px(y.pixel(value))}H{px(x.end)}")
        write(muted, text, x.start - 7, y.pixel(value) + 4, TEXT, text_anchor="end")
    for value, text in _x_ticks(x):
        stroke(muted, f"M{px(x.pixel(value))},{px(y.start)}v5")
        write(muted, text, x.pixel(value), y.start + 18, TEXT, text_anchor="middle")
    stroke(muted, f"M{px(x.start)},{px(y.start)}H{px(x.end)}")
    write(muted, plain(chart.x_label), (x.start + x.end) / 2, y.start + 36, TEXT, text_anchor="middle")
    place = 4.0
    for k, name in enumerate(chart.groups):
        _draw_marker(coloured(svg, _COLOURS[k]), k, (place + 2, 9))
        write(ink, name, place + 11, 13, TEXT)
        place += 28 + text_width(name, TEXT)


def _draw_marker(parent: Element, k: int, at: Point) -> None:
    mark = f"translate({px(at[0])},{px(at[1])}) scale(1.5)"
    add(parent, "path", d=_MARKERS[k], transform=mark, fill="currentColor")


def _draw_dot(svg: Element, chart: Scatter, dot: Dot, at: Point, y: Axis, box: _Box | None) -> None:
    k = chart.groups.index(dot.group)
    group = coloured(svg, _COLOURS[k], "series")
    add(group, "title", plain(f"{dot.name}: {dot.note}"))
    if dot.low is not None and dot.high is not None:
        ends = f"M{px(at[0])},{px(y.pixel(max(dot.low, y.low)))}V{px(y.pixel(min(dot.high, y.high)))}"
        stroke(group, ends, stroke_width=1.2, stroke_opacity=0.45)
    _draw_marker(group, k, at)
    if box is not None:
        near = (max(box[0], min(at[0], box[2])), max(box[1], min(at[1], box[3])))
        if abs(near[0] - at[0]) + abs(near[1] - at[1]) > 12:
            leader = f"M{px(at[0])},{px(at[1])}L{px(near[0])},{px(near[1])}"
            stroke(group, leader, stroke_width=0.7, stroke_opacity=0.7)
        write(coloured(group, "ink"), shortened(plain(dot.name), _NAME, TEXT), box[0] + 1, box[3] - 3.5, TEXT)


def _placed_names(
    dots: Sequence[Dot],
    at: dict[str, Point],
    first: Sequence[Dot],
    lines: Sequence[tuple[Point, Point]],
    frame: _Box,
) -> dict[str, _Box]:
    """A box for each name that meets no other, no dot and, where there is room, no line.

    What has no room has none. The front goes first.
    """
    taken: list[_Box] = [(x - 5, y - 5, x + 5, y + 5) for x, y in at.values()]
    drawn = [
        (min(a[0], b[0]) - 1, min(a[1], b[1]) - 1, max(a[0], b[0]) + 1, max(a[1], b[1]) + 1) for a, b in lines
    ]
    boxes: dict[str, _Box] = {}
    others = [dot for dot in dots if dot not in first]
    for dot in [*first, *sorted(others, key=lambda dot: (-dot.y, dot.name))]:
        size = (text_width(shortened(plain(dot.name), _NAME, TEXT), TEXT) + 2, 15.0)
        free = [box for box in _places(at[dot.name], size) if _fits(box, taken, frame)]
        clear = (box for box in free if _fits(box, drawn, frame))
        box = next(clear, free[0] if free else None)
        if box is not None:
            boxes[dot.name] = box
            taken.append(box)
    return boxes


def _places(at: Point, size: Point) -> list[_Box]:
    """Where a name may stand, the nearest first: right, left, above, below, then around further out."""
    (x, y), (width, height) = at, size
    places = [
        (x + 8, y - height / 2),
        (x - 8 - width, y - height / 2),
        (x - width / 2, y - 7 - height),
        (x - width / 2, y + 7),
    ]
    for reach in (18, 30, 44, 60):
        for k in range(16):
            dx, dy = cos(k * pi / 8) * reach, sin(k * pi / 8) * reach
            places.append((x + dx - (0 if dx > 1 else width if dx < -1 else width / 2), y + dy - height / 2))
    return [(left, top, left + width, top + height) for left, top in places]


def _fits(box: _Box, taken: Sequence[_Box], frame: _Box) -> bool:
    inside = box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]
    return inside and not any(
        box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in taken
    )
