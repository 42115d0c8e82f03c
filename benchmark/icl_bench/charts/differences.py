"""Differences as rows of dots: each part of a difference, its mean, and the interval of that.

Values are placed by their inverse hyperbolic sine: near 0 evenly, far from it by powers, both ways.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import asinh

from icl_bench.charts.elements import Element, add, as_text, coloured, picture, px, stroke, write
from icl_bench.charts.series import Number
from icl_bench.charts.text import plain, shortened, text_width

TEXT, SMALL = 13.0, 12.0  # sizes of text
_ROW, _HEADING, _TOP = 17.0, 27.0, 24.0
_TICKS = (2, 10, 50)
_APART = 26.0  # pixels between ticks, at least
_DIAMOND = "M0,-5l4.5,5l-4.5,5l-4.5,-5z"


@dataclass(frozen=True)
class DifferenceRow:
    """One difference: its name, mean, interval (None where there is none), parts, and text at its end.

    One that is `sure` is drawn in the colour of its sign, any other in grey.
    """

    name: str
    value: Number
    low: Number | None
    high: Number | None
    parts: Sequence[Number]
    text: str
    sure: bool = False
    note: str = ""  # shown on hover


@dataclass(frozen=True)
class Differences:
    """Rows below headings; `unit` is where the axis turns from even to powers."""

    title: str
    description: str
    groups: Sequence[tuple[str, Sequence[DifferenceRow]]]
    unit: Number = 1.0


@dataclass(frozen=True)
class _Axis:
    """Values from -limit to limit, between two pixels."""

    limit: Number
    unit: Number
    start: Number
    end: Number

    def pixel(self, value: Number) -> float:
        reach = asinh(self.limit / self.unit)
        at = asinh(max(-self.limit, min(self.limit, value)) / self.unit) / reach
        return (self.start + self.end) / 2 + at * (self.end - self.start) / 2


def draw_differences(chart: Differences, width: int) -> str:
    """The chart as an `<svg>` that keeps to its width, the same text for the same chart."""
    rows = [row for _, group in chart.groups for row in group]
    height = _TOP + _HEADING * len(chart.groups) + _ROW * len(rows) + 6
    svg = picture(width, height, chart.title, chart.description)
    names = min(0.38 * width, max(text_width(plain(row.name), SMALL) for row in rows))
    numbers = max(text_width(row.text, SMALL) for row in rows)
    axis = _Axis(_limit(rows), chart.unit, names + 16, width - numbers - 12)
    _draw_axis(svg, axis, height)
    y = _TOP
    for heading, group in chart.groups:
        write(coloured(svg, "ink"), plain(heading), 0, y + 18, TEXT, font_weight=600)
        y += _HEADING
        for row in group:
            _draw_row(svg, row, axis, y + _ROW / 2, names, width)
            y += _ROW
    return as_text(svg)


def _limit(rows: Sequence[DifferenceRow]) -> float:
    values = [abs(float(end)) for row in rows for end in (row.value, row.low, row.high, *row.parts) if end]
    return 1.08 * max([1.0, *values])


def _draw_axis(svg: Element, axis: _Axis, height: Number) -> None:
    grid, muted = coloured(svg, "grid"), coloured(svg, "muted")
    zero = axis.pixel(0)
    last = zero
    for value in _TICKS:
        if value <= axis.limit and axis.pixel(value) - last >= _APART:
            last = axis.pixel(value)
            for sign, mark in ((-1, "−"), (1, "+")):
                x = axis.pixel(sign * value)
                stroke(grid, f"M{px(x)},{px(_TOP - 4)}V{px(height)}")
                write(muted, f"{mark}{value}", x, 14, SMALL, text_anchor="middle")
    stroke(muted, f"M{px(zero)},{px(_TOP - 4)}V{px(height)}")
    write(muted, "0", zero, 14, SMALL, text_anchor="middle")


def _draw_row(svg: Element, row: DifferenceRow, axis: _Axis, y: Number, names: Number, width: Number) -> None:
    colour = ("3" if row.value > 0 else "2") if row.sure else "muted"
    group = coloured(svg, colour, "series")
    add(group, "title", plain(f"{row.name}: {row.text}. {row.note}".strip()))
    add(
        group,
        "rect",
        x=0,
        y=y - _ROW / 2,
        width=width,
        height=_ROW,
        fill="none",
        pointer_events="all",
    )
    write(
        coloured(group, "ink"),
        shortened(plain(row.name), names, SMALL),
        names,
        y + 4,
        SMALL,
        text_anchor="end",
    )
    if row.low is not None and row.high is not None:
        low, high = axis.pixel(row.low), axis.pixel(row.high)
        stroke(group, f"M{px(low)},{px(y)}H{px(high)}", stroke_width=3, stroke_opacity=0.4)
    dots = coloured(group, "ink")
    for part in row.parts:
        add(dots, "circle", cx=axis.pixel(part), cy=y, r=2.6, fill="currentColor", fill_opacity=0.6)
    add(
        group,
        "path",
        d=_DIAMOND,
        transform=f"translate({px(axis.pixel(row.value))},{px(y)})",
        fill="currentColor",
    )
    end = coloured(group, colour if row.sure else "ink")
    write(end, row.text, width - 2, y + 4, SMALL, text_anchor="end", font_weight=700 if row.sure else 400)
