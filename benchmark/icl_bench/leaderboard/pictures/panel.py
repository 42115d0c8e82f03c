"""Small multiples: a model's errors on one task beside the task's own curves, drawn by the thousand."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from icl_bench.charts.axes import Axis
from icl_bench.charts.elements import (
    Element,
    as_text,
    coloured,
    draw_line,
    fill,
    moved_to,
    path_through,
    picture,
    px,
    stroke,
    write,
)
from icl_bench.charts.lines import Point, clamped, inside, marked, runs
from icl_bench.charts.numbers import format_number
from icl_bench.charts.series import Number, Numbers, Role, Series, is_number
from icl_bench.charts.styles import Style, choose_styles
from icl_bench.charts.text import BOLD, plain, shortened, text_width
from icl_bench.errors import InputError

WIDTH, HEIGHT = 300, 190
_TOP, _BOTTOM, _RIGHT = 30.0, 148.0, 290.0
_HEADROOM = 1.08  # above the largest error of answering 0
_SMALL, _TITLE = 10.5, 12.5
_MARKERS = 4
_SLIMMER = 0.8  # lines than in a large chart
_ARROW = "M0,-8l4,7h-8z"
_NAMES: dict[Role, str] = {
    "model": "model, with its interval",
    "exact": "exact or best known (optimality 100)",
    "baseline": "baseline (score 100)",
    "zero": "zero (score 0)",
}


@dataclass(frozen=True)
class Panel:
    """Mean squared errors of one task at context lengths 0, 1, …, points - 1: (points,) each.

    `low` and `high` are a band around the model's. What is not finite is a gap. Where some context lengths
    alone are scored, `scored` holds them, they are marked, and `scored_words` says which they are.
    """

    title: str
    zero: Numbers
    baseline: Numbers | None
    exact: Numbers | None
    model: Numbers
    low: Numbers | None
    high: Numbers | None
    scored: tuple[int, ...] = ()
    scored_words: str = ""

    def __post_init__(self) -> None:
        if not self.zero:
            raise InputError(
                f"the panel {self.title!r} has no context length; give at least one error",
                code="no-context-length",
            )
        if (self.low is None) != (self.high is None):
            raise InputError(
                f"the panel {self.title!r} has one edge of a band; give both low and high, or neither",
                code="one-edge",
            )
        for name in ("baseline", "exact", "model", "low", "high"):
            values = getattr(self, name)
            if values is not None and len(values) != len(self.zero):
                raise InputError(
                    f"the panel {self.title!r} has {len(self.zero)} errors of zero and {len(values)} "
                    f"of {name}; give as many of each",
                    code="other-lengths",
                )


def draw_panel(panel: Panel) -> str:
    """The panel as an `<svg>` of 300 × 190 pixels without labels; `draw_legend` says which line is whose.

    The y axis ends just above the largest error of answering 0. A model's error beyond it is drawn at the
    top, with an arrow where it is largest.
    """
    svg = picture(WIDTH, HEIGHT, panel.title, _in_words(panel))
    x, y, elements = _frame(
        panel.title,
        tuple(panel.zero),
        None if panel.baseline is None else tuple(panel.baseline),
        None if panel.exact is None else tuple(panel.exact),
        panel.scored,
        panel.scored_words,
    )
    svg.extend(elements)
    _draw_model(coloured(svg, _styles()["model"].colour), panel, x, y)
    return as_text(svg)


@cache
def draw_legend() -> str:
    """What the lines of every panel are, as an `<svg>` of 330 × 92 pixels."""
    svg = picture(330, 92, "Legend", f"The lines of the panels: {'; '.join(_NAMES.values())}.")
    for k, (role, name) in enumerate(_NAMES.items()):
        left, middle = 4, 14 + 22 * k
        style = _styles()[role]
        group = coloured(svg, style.colour)
        if role == "model":
            fill(group, f"M{left},{middle - 6}h34v12h-34z", fill_opacity="0.16")
            fill(group, style.marker, transform=moved_to((left + 17, middle)))
        draw_line(group, f"M{left},{middle}h34", style, _SLIMMER)
        write(coloured(svg, "ink"), name, left + 42, middle + 4, 12)
    return as_text(svg)


@lru_cache(maxsize=64)
def _frame(
    title: str,
    zero: tuple[Number, ...],
    baseline: tuple[Number, ...] | None,
    exact: tuple[Number, ...] | None,
    scored: tuple[int, ...],
    scored_words: str,
) -> tuple[Axis, Axis, Sequence[Element]]:
    """What the panels of all models have on a task: axes and the curves of references. The elements stand in
    many pictures and are not to be changed."""
    x, y = _axes(zero)
    frame = Element("g")
    _draw_axes(frame, title, scored, scored_words, x, y)
    curves: tuple[tuple[Role, Numbers | None], ...]
    curves = ("exact", exact), ("baseline", baseline), ("zero", zero)  # thin ones on top
    for role, values in curves:
        if values is not None:
            style = _styles()[role]
            parts = [part for run in runs(_placed(values, x, y)) for part in inside(run, y.end, y.start)]
            draw_line(coloured(frame, style.colour), "".join(map(path_through, parts)), style, _SLIMMER)
    return x, y, tuple(frame)


def _axes(zero: Numbers) -> tuple[Axis, Axis]:
    top = _HEADROOM * max(filter(is_number, zero), default=0.0) or 1.0
    y = Axis(0.0, top, start=_BOTTOM, end=_TOP)
    left = 14 + max(text_width(text, _SMALL) for _, text in y.ticks(3))
    return Axis(0.0, max(1, len(zero) - 1), whole=True, start=left, end=_RIGHT), y


def _draw_axes(
    frame: Element, title: str, scored: tuple[int, ...], scored_words: str, x: Axis, y: Axis
) -> None:
    grid, ink, muted = (coloured(frame, name) for name in ("grid", "ink", "muted"))
    heading = shortened(plain(title), (WIDTH - 8) / BOLD, _TITLE)
    write(ink, heading, 4, 15, _TITLE, font_weight="600")
    ticks = [(y.pixel(value), text) for value, text in y.ticks(3)]
    stroke(grid, "".join(f"M{px(x.start)},{px(height)}H{px(x.end)}" for height, _ in ticks))
    for height, text in ticks:
        write(muted, text, x.start - 7, height + 3.5, _SMALL, text_anchor="end")
    places = [(x.pixel(value), text) for value, text in x.ticks(4)]
    stroke(muted, f"M{px(x.start)},{px(y.start)}H{px(x.end)}" + "".join(_tick(at, y) for at, _ in places))
    for at, text in places:
        write(muted, text, at, y.start + 16, _SMALL, text_anchor="middle")
    label = f"context length ({scored_words})" if scored_words else "context length"
    write(muted, label, (x.start + x.end) / 2, y.start + 33, _SMALL, text_anchor="middle")
    if scored:
        lines = "".join(f"M{px(x.pixel(at))},{px(y.start)}V{px(y.end)}" for at in scored)
        stroke(muted, lines, stroke_dasharray="1 3")


def _draw_model(group: Element, panel: Panel, x: Axis, y: Axis) -> None:
    """Band, line, markers and arrow; what is above the frame is laid onto its top."""
    style, points = _styles()["model"], _placed(panel.model, x, y)
    if panel.low is not None and panel.high is not None:
        for low, high in _bands(panel.low, panel.high, x, y):
            outline = clamped(high, y.end, y.start) + clamped(low, y.end, y.start)[::-1]
            fill(group, f"{path_through(outline)}z", fill_opacity="0.16")
    lines = "".join(path_through(clamped(run, y.end, y.start)) for run in runs(points))
    draw_line(group, lines, style, _SLIMMER)
    known = [point for point in points if point]
    seen = [point for point in known if y.end <= point[1] <= y.start]
    scored = [points[at] for at in panel.scored]
    chosen = clamped([point for point in scored if point], y.end, y.start)
    for point in chosen if scored else marked(seen, x.start, x.end, _MARKERS, 0.4):
        fill(group, style.marker, transform=moved_to(point))
    highest = min(known, key=lambda point: point[1], default=None)
    if highest and highest[1] < y.end:
        fill(group, _ARROW, transform=moved_to((highest[0], y.end)))


def _bands(low: Numbers, high: Numbers, x: Axis, y: Axis) -> list[tuple[list[Point], list[Point]]]:
    """(low, high) of each stretch where both are known."""
    known = [is_number(a) and is_number(b) for a, b in zip(low, high, strict=True)]
    edges = (
        runs([point if both else None for point, both in zip(_placed(edge, x, y), known, strict=True)])
        for edge in (low, high)
    )
    return list(zip(*edges, strict=True))


def _placed(values: Numbers, x: Axis, y: Axis) -> list[Point | None]:
    return [
        (x.pixel(k), y.pixel(float(value))) if is_number(value) else None for k, value in enumerate(values)
    ]


@cache
def _styles() -> dict[Role, Style]:
    """The looks that each role's first series has in a chart."""
    roles: tuple[Role, ...] = ("zero", "baseline", "exact", "model")
    return dict(zip(roles, choose_styles([Series(role, [0], [0], role) for role in roles]), strict=True))


def _in_words(panel: Panel) -> str:
    """The means over the context lengths, the model's first."""
    curves = (
        ("model", panel.model),
        ("exact", panel.exact),
        ("baseline", panel.baseline),
        ("zero", panel.zero),
    )
    means = []
    for name, values in curves:
        numbers = [value for value in values or () if is_number(value)]
        if numbers:
            means.append(f"{name} {format_number(sum(numbers) / len(numbers))}")
    which = f"; {panel.scored_words}" if panel.scored_words else ""
    return f"Mean squared error against context length{which}. Means of the curves: {', '.join(means)}."


def _tick(at: Number, y: Axis) -> str:
    return f"M{px(at)},{px(y.start)}v4"
