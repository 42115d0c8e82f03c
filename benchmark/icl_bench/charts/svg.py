"""Drawing a chart as SVG."""

from icl_bench.charts.elements import (
    Element,
    add,
    as_text,
    coloured,
    draw_line,
    moved_to,
    path_through,
    picture,
    px,
    set_attributes,
    stroke,
    write,
)
from icl_bench.charts.layout import KEY, SMALL, SMALL_LINE, TEXT, TITLE, Layout, lay_out, x_ticks, y_ticks
from icl_bench.charts.lines import Point, clamped, inside, marked, runs
from icl_bench.charts.numbers import format_number
from icl_bench.charts.series import Chart, Role, Series
from icl_bench.charts.styles import COLOURS, Style, choose_styles, stylesheet
from icl_bench.charts.text import plain

# what is drawn later lies on top: thin lines over bold ones, so that both show where they run together
_ORDER: dict[Role, int] = {"exact": 0, "baseline": 1, "model": 2, "other": 3, "zero": 4}
_MARKERS = 5  # a curve
_ARROW = "M0,-8l4,7h-8z"


def draw(chart: Chart, width: int = 760, standalone: bool = False) -> str:
    """The chart as an `<svg>` element that scales with its place, the same text for the same chart.

    At `width` pixels its texts have their nominal sizes; for a narrow screen draw it at 400. It holds no ids,
    scripts, style attributes or references, and takes its colours from the page's `stylesheet()`. A
    `standalone` one, for a file of its own, brings that along with a size and a background.
    """
    layout = lay_out(chart, width)
    svg = picture(layout.width, layout.height, chart.title, describe(chart), sized=standalone)
    if standalone:
        add(svg, "style", stylesheet())
        background = coloured(svg, "surface")
        add(background, "rect", fill="currentColor", width=layout.width, height=layout.height)
    _draw_axes(svg, chart, layout)
    styles = choose_styles(chart.series)
    for k in sorted(
        range(len(styles)), key=lambda k: (not chart.series[k].faded, _ORDER[chart.series[k].role])
    ):
        group = coloured(svg, styles[k].colour, "series" + " faded" * chart.series[k].faded)
        if chart.series[k].faded:
            set_attributes(group, color=COLOURS["muted"][0])
        set_attributes(group, data_name=plain(chart.series[k].name))
        add(group, "title", hover_text(chart.series[k]))
        _draw_curve(group, layout, k, styles[k])
        _draw_label(group, layout, k, styles[k], bold=chart.series[k].role == "exact")
    return as_text(svg)


def describe(chart: Chart) -> str:
    """The chart in words, the best series first."""
    best_first = sorted(chart.series, key=lambda series: series.mean_value)
    means = "; ".join(f"{plain(series.name)} {format_number(series.mean_value)}" for series in best_first)
    axes = f"{plain(chart.y_label)} against {plain(chart.x_label)}"
    return f"Line chart of {axes}. Means of its series, the lowest first: {means}."


def hover_text(series: Series) -> str:
    """A series in words: its name in full, its mean, and what is special about it."""
    gaps = len(series.y) - len(series.numbers)
    notes = [plain(series.note)] if series.note else []
    if gaps:
        notes.append(f"{gaps} of {len(series.y)} values are not finite")
    return f"{plain(series.name)}: mean {format_number(series.mean_value)}" + (
        f" ({', '.join(notes)})" if notes else ""
    )


def _draw_axes(svg: Element, chart: Chart, layout: Layout) -> None:
    x, y = layout.x, layout.y
    grid, ink, muted = (coloured(svg, name) for name in ("grid", "ink", "muted"))
    for line, text in enumerate(layout.title):
        write(ink, text, 8, 22 + 20 * line, TITLE, font_weight=600)
    write(muted, plain(chart.y_label), 8, 20 * len(layout.title) + 20, TEXT)
    for value, text in y_ticks(chart, y):
        height = y.pixel(value)
        stroke(grid, f"M{px(x.start)},{px(height)}H{px(x.end)}")
        write(muted, text, x.start - 8, height + 3.5, SMALL, text_anchor="end")
    for value, text in x_ticks(x):
        stroke(muted, f"M{px(x.pixel(value))},{px(y.start)}v5")
        write(muted, text, x.pixel(value), y.start + 17, SMALL, text_anchor="middle")
    if any(curve.peak for curve in layout.curves):
        stroke(grid, f"M{px(x.start)},{px(y.end)}H{px(x.end)}", stroke_dasharray="4 4")
    stroke(muted, f"M{px(x.start)},{px(y.start)}H{px(x.end)}")
    write(muted, plain(chart.x_label), (x.start + x.end) / 2, y.start + 35, TEXT, text_anchor="middle")


def _draw_curve(group: Element, layout: Layout, k: int, style: Style) -> None:
    """Band, line, markers and arrow of the k-th series."""
    curve, x, y = layout.curves[k], layout.x, layout.y
    for low, high in curve.bands:
        outline = clamped(high, y.end, y.start) + clamped(low, y.end, y.start)[::-1]
        add(group, "path", d=f"{path_through(outline)}z", fill="currentColor", fill_opacity=0.16)
    parts = [part for run in runs(curve.points) for part in inside(run, y.end, y.start)]
    path = "".join(path_through(part) for part in parts)
    add(group, "path", d=path, fill="none", stroke_width=12, pointer_events="stroke")  # felt, not seen
    draw_line(group, path, style)
    seen = [point for point in curve.points if point and y.end <= point[1] <= y.start]
    for point in marked(seen, x.start, x.end, _MARKERS, k / len(layout.curves)) if style.marker else []:
        _draw_marker(group, point, style)
    if curve.peak:
        add(group, "path", d=_ARROW, transform=moved_to(curve.peak), fill="currentColor")


def _draw_label(group: Element, layout: Layout, k: int, style: Style, bold: bool) -> None:
    """A leader line, a sample of the curve, its name and its notes."""
    label, x = layout.labels[k], layout.label_x
    leader = [label.end, (layout.x.end + 3, label.end[1]), (x - 3, label.height)]
    stroke(group, path_through(leader), stroke_width=0.6)
    draw_line(group, f"M{px(x)},{px(label.height)}h{px(KEY)}", style)
    if style.marker:
        _draw_marker(group, (x + KEY / 2, label.height), style)
    left, baseline = x + KEY + 6, label.height + 4
    write(group, label.name, left, baseline, TEXT, font_weight=600 if bold else 400)
    notes = coloured(group, "muted")
    for line, note in enumerate(label.notes, start=1):
        write(notes, note, left, baseline + SMALL_LINE * line, SMALL)


def _draw_marker(group: Element, point: Point, style: Style) -> None:
    marker = add(group, "path", d=style.marker, transform=moved_to(point), stroke="currentColor")
    if style.filled:
        set_attributes(marker, fill="currentColor")
    else:
        set_attributes(marker, class_="hollow", fill=COLOURS["surface"][0])
