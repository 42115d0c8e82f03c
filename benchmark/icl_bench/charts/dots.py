"""A dot plot: a row a name, a dot a value, for what has a few numbers instead of a curve."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from icl_bench.charts.axes import Axis
from icl_bench.charts.elements import add, as_text, coloured, picture, px, set_attributes, stroke, write
from icl_bench.charts.numbers import format_number
from icl_bench.charts.series import Number, Numbers
from icl_bench.charts.styles import COLOURS
from icl_bench.charts.text import plain, shortened, text_width, wrapped

_TITLE, _TEXT, _SMALL = 15.0, 12.0, 12.0  # sizes of text
_ROW, _DOT = 19.0, 4.0
_NAME_SHARE = 0.36  # of the width is for names, at most


@dataclass(frozen=True)
class DotRow:
    """A name with its values, which are within the axis; `colour` is a key of `styles.COLOURS`."""

    name: str
    values: Numbers
    colour: str = "ink"
    faded: bool = False


def draw_dots(
    title: str, x_label: str, rows: Sequence[DotRow], low: Number, high: Number, width: int = 760
) -> str:
    """The rows from top to bottom as an `<svg>` element, on an axis from `low` to `high`.

    What lies beyond an end is drawn at it; the row's text, shown on hover, has each value.
    """
    names = [shortened(plain(row.name), _NAME_SHARE * width, _TEXT) for row in rows]
    left = 18 + max(text_width(name, _TEXT) for name in names)
    lines = wrapped(plain(title), (width - 16) / 1.1, _TITLE)
    top = 20.0 * len(lines) + 14
    bottom = top + _ROW * len(rows) + 4
    svg = picture(width, bottom + 44, title, describe_dots(x_label, rows), sized=False)
    set_attributes(svg, width=width, height=bottom + 44)
    axis = replace(Axis(low, high), start=left, end=width - 22.0)
    grid, ink, muted = (coloured(svg, name) for name in ("grid", "ink", "muted"))
    for line, text in enumerate(lines):
        write(ink, text, 8, 22 + 20 * line, _TITLE, font_weight=600)
    for value, text in axis.ticks(max(2, int((axis.end - axis.start) / 60))):
        stroke(grid, f"M{px(axis.pixel(value))},{px(top)}V{px(bottom)}")
        write(muted, text, axis.pixel(value), bottom + 17, _SMALL, text_anchor="middle")
    write(muted, plain(x_label), (axis.start + axis.end) / 2, bottom + 35, _TEXT, text_anchor="middle")
    for place, (row, name) in enumerate(zip(rows, names, strict=True)):
        height = top + _ROW * (place + 0.5) + 2
        group = coloured(svg, row.colour, "series" + " faded" * row.faded)
        if row.faded:
            set_attributes(group, color=COLOURS["muted"][0])
        set_attributes(group, data_name=plain(row.name))
        add(group, "title", dots_in_words(row))
        write(group, name, left - 10, height + 4, _TEXT, text_anchor="end")
        stroke(group, f"M{px(axis.start)},{px(height)}H{px(axis.end)}", stroke_width=0.4)
        for value in row.values:
            x = axis.pixel(min(max(value, low), high))
            add(group, "circle", cx=x, cy=height, r=_DOT, fill="currentColor", fill_opacity=0.75)
    return as_text(svg)


def describe_dots(x_label: str, rows: Sequence[DotRow]) -> str:
    """The plot in words."""
    return f"Dot plot of {plain(x_label)}. {'; '.join(map(dots_in_words, rows))}."


def dots_in_words(row: DotRow) -> str:
    """A row in words: `llama: 99.1, 98.7`, and the mean of several."""
    values = ", ".join(map(format_number, row.values))
    mean = f", mean {format_number(fmean(row.values))}" if len(row.values) > 1 else ""
    return f"{plain(row.name)}: {values}{mean}"
