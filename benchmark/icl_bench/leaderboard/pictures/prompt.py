"""One prompt as a model reads it: a column a token, a row a coordinate, a square a number."""

from math import floor, log10, sqrt

import numpy as np
from jaxtyping import Float

from icl_bench.charts.elements import (
    Element,
    add,
    as_text,
    coloured,
    fill,
    picture,
    px,
    stroke,
    write,
)
from icl_bench.charts.numbers import format_number
from icl_bench.charts.text import text_width
from icl_bench.errors import InputError

FIRST = 7  # points that are drawn of a longer prompt, and then its last
MOST_ROWS = 32  # coordinates that are drawn

_CELL, _GAP, _BETWEEN, _LEFT_OUT = 17.0, 4.0, 10.0, 28.0  # a cell; from x to y; from point to point; for …
_LEFT, _TOP, _LINE = 44.0, 24.0, 21.0
_TEXT, _SMALL, _TIGHT = 12.0, 12.0, 8.5  # sizes of text
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_ROUND = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
_ZERO = 1e-12  # of the scale


def draw_prompt(
    xs: Float[np.ndarray, "points d"], ys: Float[np.ndarray, "points k"], labels: bool = False
) -> str:
    """A prompt as a Hinton diagram: a square's area is a number's size, hollow squares are negative.

    x and y tokens have a scale each, and the shorter of them is padded with zeros, which are dots. Of a long
    prompt the first points and the last are drawn. Bits and their `labels`, all −1 and 1, are squares of one
    size, filled for 1 and hollow for −1, a label beside the middle of its bits. InputError where there is no
    point, or a number that is not finite.
    """
    if not (len(xs) and np.isfinite(xs).all() and np.isfinite(ys).all()):
        raise InputError(
            "a prompt has at least one point, and only finite numbers; check its arrays", code="not-finite"
        )
    rows = max(xs.shape[1], ys.shape[1])
    columns, right = _columns(len(xs))
    scales = _scale(xs[list(columns)]), _scale(ys[list(columns)])
    bottom = _TOP + _CELL * min(rows, MOST_ROWS)
    body = Element("g")
    _draw_ground(body, columns, rows, bottom)
    squares: list[tuple[float, float | int, float]] = []
    for point, x in columns.items():
        squares += [(x, row, value / scales[0]) for row, value in enumerate(_padded(xs[point], rows))]
        beside = x + _CELL + _GAP
        if labels:
            squares.append((beside, (min(rows, MOST_ROWS) - 1) / 2, float(ys[point, 0])))
        else:
            squares += [
                (beside, row, value / scales[1]) for row, value in enumerate(_padded(ys[point], rows))
            ]
    _draw_squares(body, squares)
    top = bottom + (34 if rows > MOST_ROWS else 20)
    width = max(right + 8, _draw_legend(body, _legend(scales, labels), top))
    svg = picture(width, top + 2 * _LINE + 10, "A prompt as the model reads it", _in_words(xs, ys, scales))
    svg.append(body)
    return as_text(svg)


def _columns(points: int) -> tuple[dict[int, float], float]:
    """Where the x token of each drawn point begins, and where the last y token ends."""
    drawn = range(points) if points <= FIRST + 1 else [*range(FIRST), points - 1]
    pitch = 2 * _CELL + _GAP + _BETWEEN
    left = {point: _LEFT + pitch * k for k, point in enumerate(drawn)}
    if points > len(drawn):
        left[points - 1] += _LEFT_OUT
    return left, left[points - 1] + 2 * _CELL + _GAP


def _draw_ground(body: Element, columns: dict[int, float], rows: int, bottom: float) -> None:
    """Names of tokens and coordinates, a frame around each token, y tokens on a ground of their own."""
    ink, muted, grid = (coloured(body, name) for name in ("ink", "muted", "grid"))
    last = max(columns)
    for point, left in columns.items():
        for name, x in (("x", left), ("y", left + _CELL + _GAP)):
            text = name + str(point).translate(_SUBSCRIPTS)
            size = _TEXT if point < 100 else _TIGHT
            write(ink, text, x + _CELL / 2, _TOP - 8, size, text_anchor="middle")
            read = name == "x" or point < last
            if name == "y":
                ground = {"x": x, "y": _TOP, "width": _CELL, "height": bottom - _TOP}
                add(muted, "rect", **ground, fill="currentColor", fill_opacity="0.15")
            outline = f"M{px(x)},{px(_TOP)}h{px(_CELL)}V{px(bottom)}h{px(-_CELL)}z"
            stroke(grid if read else muted, outline, **({} if read else {"stroke_dasharray": "3 2.5"}))
    if last >= len(columns):
        middle = columns[last] - (_LEFT_OUT + _BETWEEN) / 2
        write(ink, "…", middle, (_TOP + bottom) / 2 + 4, 16, text_anchor="middle")
    shown = min(rows, MOST_ROWS)
    for row in range(shown):
        if shown <= 8 or row == 0 or (row + 1) % 5 == 0:
            write(muted, str(row + 1), _LEFT - 7, _TOP + _CELL * (row + 0.5) + 3.6, _SMALL, text_anchor="end")
    at = f"translate(14,{px((_TOP + bottom) / 2)})rotate(-90)"
    if shown > 3:
        write(muted, "coordinate", 0, 0, _SMALL, text_anchor="middle", transform=at)
    if rows > shown:
        write(muted, f"… and {rows - shown:,} more coordinates", _LEFT, bottom + 15, _SMALL)


def _draw_squares(body: Element, squares: list[tuple[float, float | int, float]]) -> None:
    """Numbers as (left edge of the cell, row, value from -1 to 1): filled, hollow, or a dot for zero."""
    paths = {"1": "", "2": "", "muted": ""}
    for left, row, value in squares:
        x, y = left + _CELL / 2, _TOP + _CELL * (row + 0.5)
        colour = "muted" if abs(value) < _ZERO else "1" if value > 0 else "2"
        paths[colour] += _square(x, y, value)
    _draw_signs(body, paths)


def _draw_signs(body: Element, paths: dict[str, str]) -> None:
    fill(coloured(body, "1"), paths["1"])
    stroke(coloured(body, "2"), paths["2"], stroke_width=1.3)
    fill(coloured(body, "muted"), paths["muted"])


def _square(x: float, y: float, value: float) -> str:
    """Around its middle, with the area of the value; its outline, where hollow, lies inside."""
    side = (_CELL - 3) * sqrt(abs(value))
    side = 1.6 if abs(value) < _ZERO else max(2.0, side) if value > 0 else max(3.0, side) - 1.3
    return f"M{px(x - side / 2)},{px(y - side / 2)}h{px(side)}v{px(side)}h{px(-side)}z"


def _legend(scales: tuple[float, float], labels: bool) -> list[list[tuple[str, float, str]]]:
    """Two lines of squares, as a colour and a value, and what each means."""
    unread = ("", 0.0, "not read: it is to be predicted")
    if labels:
        return [[("1", 1.0, "1, true"), ("2", -1.0, "−1, false")], [unread]]
    signs = [("1", 1.0, _in_units(scales, "+")), ("2", -1.0, _in_units(scales, "−"))]
    return [signs, [("muted", 0.0, "0"), unread]]


def _draw_legend(body: Element, entries: list[list[tuple[str, float, str]]], top: float) -> float:
    """Lines below the picture; returns how wide they are."""
    ink, paths, widest = coloured(body, "ink"), {"1": "", "2": "", "muted": ""}, 0.0
    for line, row in enumerate(entries):
        x, y = _LEFT + 0.0, top + _LINE * line
        for colour, value, text in row:
            if colour:
                paths[colour] += _square(x + _CELL / 2, y, value)
            else:
                outline = f"M{px(x + 1)},{px(y - 7)}h{px(_CELL - 4)}v14h{px(4 - _CELL)}z"
                dashed = coloured(body, "muted")
                fill(dashed, outline, fill_opacity="0.15")
                stroke(dashed, outline, stroke_dasharray="3 2.5")
            write(ink, text, x + _CELL + 5, y + 4, _TEXT)
            x += _CELL + 5 + text_width(text, _TEXT) + 14
        widest = max(widest, x)
    _draw_signs(body, paths)
    return widest


def _in_units(scales: tuple[float, float], sign: str) -> str:
    x, y = (sign + format_number(scale) for scale in scales)
    return x if x == y else f"{x} in x, {y} in y"


def _padded(token: Float[np.ndarray, " dims"], rows: int) -> list[float]:
    return (token.tolist() + [0.0] * (rows - len(token)))[:MOST_ROWS]


def _scale(values: Float[np.ndarray, "points dims"]) -> float:
    """The largest size, rounded up to one that is easily read."""
    largest = float(np.abs(values).max(initial=0.0))
    if not largest:
        return 1.0
    power = 10.0 ** floor(log10(largest))
    return next(m * power for m in _ROUND if m * power >= largest * (1 - 1e-9))


def _in_words(
    xs: Float[np.ndarray, "points d"], ys: Float[np.ndarray, "points k"], scales: tuple[float, float]
) -> str:
    last = len(xs) - 1
    return (
        f"Tokens x0, y0 to x{last}, y{last}, the columns, with {xs.shape[1]} coordinates in x and "
        f"{ys.shape[1]} in y. The largest squares are {format_number(scales[0])} in x and "
        f"{format_number(scales[1])} in y; hollow ones are negative. The last y is to be predicted."
    )
