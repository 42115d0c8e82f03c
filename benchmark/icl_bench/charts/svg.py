"""Drawing a chart as SVG."""

from xml.etree import ElementTree

from icl_bench.charts.layout import KEY, SMALL, SMALL_LINE, TEXT, TITLE, Layout, lay_out, x_ticks, y_ticks
from icl_bench.charts.lines import Point, clamped, inside, marked, runs
from icl_bench.charts.numbers import told
from icl_bench.charts.series import Chart, Number, Role, Series
from icl_bench.charts.styles import COLOURS, Style, choose_styles, stylesheet
from icl_bench.charts.text import plain

Element = ElementTree.Element

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
    size: dict[str, str | Number] = {"width": layout.width, "height": layout.height}
    svg = Element("svg")
    _set(svg, xmlns="http://www.w3.org/2000/svg", class_="icl-chart", role="img")
    _set(svg, viewBox=f"0 0 {_px(layout.width)} {_px(layout.height)}", font_family="system-ui, sans-serif")
    _add(svg, "title", plain(chart.title))
    _add(svg, "desc", describe(chart))
    if standalone:
        _set(svg, **size)
        _add(svg, "style", stylesheet())
        _add(_coloured(svg, "surface"), "rect", fill="currentColor", **size)
    _draw_axes(svg, chart, layout)
    styles = choose_styles(chart.series)
    for k in sorted(range(len(styles)), key=lambda k: _ORDER[chart.series[k].role]):
        group = _coloured(svg, styles[k].colour, "series")
        _set(group, data_name=plain(chart.series[k].name))
        _add(group, "title", hover_text(chart.series[k]))
        _draw_curve(group, layout, k, styles[k])
        _draw_label(group, layout, k, styles[k], bold=chart.series[k].role == "exact")
    return ElementTree.tostring(svg, encoding="unicode")


def describe(chart: Chart) -> str:
    """The chart in words, the best series first."""
    best_first = sorted(chart.series, key=lambda one: one.mean_value)
    means = "; ".join(f"{plain(one.name)} {told(one.mean_value)}" for one in best_first)
    axes = f"{plain(chart.y_label)} against {plain(chart.x_label)}"
    return f"Line chart of {axes}. Means of its series, the lowest first: {means}."


def hover_text(one: Series) -> str:
    """A series in words: its name in full, its mean, and what is special about it."""
    gaps = len(one.y) - len(one.numbers)
    notes = [plain(one.note)] if one.note else []
    if gaps:
        notes.append(f"{gaps} of {len(one.y)} values are not finite")
    return f"{plain(one.name)}: mean {told(one.mean_value)}" + (f" ({', '.join(notes)})" if notes else "")


def _draw_axes(svg: Element, chart: Chart, layout: Layout) -> None:
    x, y = layout.x, layout.y
    grid, ink, muted = (_coloured(svg, name) for name in ("grid", "ink", "muted"))
    for line, text in enumerate(layout.title):
        _text(ink, text, 8, 22 + 20 * line, TITLE, font_weight=600)
    _text(muted, plain(chart.y_label), 8, 20 * len(layout.title) + 20, TEXT)
    for value, text in y_ticks(chart, y):
        height = y.pixel(value)
        _stroke(grid, f"M{_px(x.start)},{_px(height)}H{_px(x.end)}")
        _text(muted, text, x.start - 8, height + 3.5, SMALL, text_anchor="end")
    for value, text in x_ticks(x):
        _stroke(muted, f"M{_px(x.pixel(value))},{_px(y.start)}v5")
        _text(muted, text, x.pixel(value), y.start + 17, SMALL, text_anchor="middle")
    if any(curve.peak for curve in layout.curves):
        _stroke(grid, f"M{_px(x.start)},{_px(y.end)}H{_px(x.end)}", stroke_dasharray="4 4")
    _stroke(muted, f"M{_px(x.start)},{_px(y.start)}H{_px(x.end)}")
    _text(muted, plain(chart.x_label), (x.start + x.end) / 2, y.start + 35, TEXT, text_anchor="middle")


def _draw_curve(group: Element, layout: Layout, k: int, style: Style) -> None:
    """Band, line, markers and arrow of the k-th series."""
    curve, x, y = layout.curves[k], layout.x, layout.y
    for low, high in curve.bands:
        outline = clamped(high, y.end, y.start) + clamped(low, y.end, y.start)[::-1]
        _add(group, "path", d=f"{_line(outline)}z", fill="currentColor", fill_opacity=0.16)
    parts = [part for run in runs(curve.points) for part in inside(run, y.end, y.start)]
    path = "".join(_line(part) for part in parts)
    _add(group, "path", d=path, fill="none", stroke_width=12, pointer_events="stroke")  # felt, not seen
    _draw_line(group, path, style)
    seen = [point for point in curve.points if point and y.end <= point[1] <= y.start]
    for point in marked(seen, x.start, x.end, _MARKERS, k / len(layout.curves)) if style.marker else []:
        _draw_marker(group, point, style)
    if curve.peak:
        _add(group, "path", d=_ARROW, transform=_moved(curve.peak), fill="currentColor")


def _draw_label(group: Element, layout: Layout, k: int, style: Style, bold: bool) -> None:
    """A leader line, a sample of the curve, its name and its notes."""
    label, x = layout.labels[k], layout.label_x
    leader = [label.end, (layout.x.end + 3, label.end[1]), (x - 3, label.height)]
    _stroke(group, _line(leader), stroke_width=0.6)
    _draw_line(group, f"M{_px(x)},{_px(label.height)}h{_px(KEY)}", style)
    if style.marker:
        _draw_marker(group, (x + KEY / 2, label.height), style)
    left, baseline = x + KEY + 6, label.height + 4
    _text(group, label.name, left, baseline, TEXT, font_weight=600 if bold else 400)
    notes = _coloured(group, "muted")
    for line, note in enumerate(label.notes, start=1):
        _text(notes, note, left, baseline + SMALL_LINE * line, SMALL)


def _draw_line(group: Element, path: str, style: Style) -> None:
    line = _stroke(group, path, stroke_width=style.width, stroke_linejoin="round")
    _set(line, **({"stroke_dasharray": style.dashes} if style.dashes else {"stroke_linecap": "round"}))


def _draw_marker(group: Element, point: Point, style: Style) -> None:
    marker = _add(group, "path", d=style.marker, transform=_moved(point), stroke="currentColor")
    if style.filled:
        _set(marker, fill="currentColor")
    else:
        _set(marker, class_="hollow", fill=COLOURS["surface"][0])


def _line(points: list[Point]) -> str:
    """A path through points; one alone is a dot."""
    return "M" + "L".join(f"{_px(x)},{_px(y)}" for x, y in points) + ("h0" if len(points) == 1 else "")


def _moved(point: Point) -> str:
    return f"translate({_px(point[0])},{_px(point[1])})"


def _coloured(parent: Element, colour: str, class_: str = "") -> Element:
    """A group that is drawn in a colour of the page, or in the light one where the page has none."""
    return _add(parent, "g", class_=f"{class_} c-{colour}".strip(), color=COLOURS[colour][0])


def _text(parent: Element, text: str, x: Number, y: Number, size: float, **attributes: str | Number) -> None:
    _add(parent, "text", text, x=x, y=y, font_size=size, fill="currentColor", **attributes)


def _stroke(parent: Element, path: str, **attributes: str | Number) -> Element:
    return _add(parent, "path", d=path, fill="none", stroke="currentColor", **attributes)


def _add(parent: Element, tag: str, text: str = "", /, **attributes: str | Number) -> Element:
    element = ElementTree.SubElement(parent, tag)
    element.text = text or None
    _set(element, **attributes)
    return element


def _set(element: Element, **attributes: str | Number) -> None:
    """Attributes with hyphens for underscores, numbers in tenths of a pixel."""
    for name, value in attributes.items():
        element.set(name.rstrip("_").replace("_", "-"), value if isinstance(value, str) else _px(value))


def _px(value: Number) -> str:
    return f"{value:z.1f}".removesuffix(".0")
