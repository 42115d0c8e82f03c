"""The few SVG elements that charts and pictures are made of."""

from collections.abc import Sequence
from functools import cache
from xml.etree import ElementTree

from icl_bench.charts.series import Number
from icl_bench.charts.styles import COLOURS, Style
from icl_bench.charts.text import plain

Element = ElementTree.Element
Attribute = str | Number

_IN_ATTRIBUTE = str.maketrans({'"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#09;"})


def picture(width: Number, height: Number, title: str, description: str, sized: bool = True) -> Element:
    """An empty `<svg>` of this nominal size in pixels, which the page's stylesheet lets shrink; one that is
    not `sized` takes the width of its place."""
    svg = Element("svg")
    set_attributes(svg, xmlns="http://www.w3.org/2000/svg", class_="icl-chart", role="img")
    set_attributes(svg, viewBox=f"0 0 {px(width)} {px(height)}", font_family="system-ui, sans-serif")
    if sized:
        set_attributes(svg, width=width, height=height)
    add(svg, "title", plain(title))
    add(svg, "desc", plain(description))
    return svg


def as_text(svg: Element) -> str:
    """The picture as text for a page: what `ElementTree.tostring` gives of elements without namespaces, whose
    texts lie before their children, in a third of its time."""
    parts: list[str] = []
    _write_element(svg, parts)
    return "".join(parts)


def _write_element(element: Element, parts: list[str]) -> None:
    tag = element.tag
    attributes = "".join([f' {name}="{_in_attribute(value)}"' for name, value in element.items()])
    if element.text or len(element):
        parts.append(f"<{tag}{attributes}>{_escaped(element.text or '')}")
        for child in element:
            _write_element(child, parts)
        parts.append(f"</{tag}>")
    else:
        parts.append(f"<{tag}{attributes} />")


def _escaped(text: str) -> str:
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    return text.replace(">", "&gt;") if ">" in text else text


def _in_attribute(text: str) -> str:
    text = _escaped(text)
    marked = '"' in text or "\n" in text or "\r" in text or "\t" in text
    return text.translate(_IN_ATTRIBUTE) if marked else text


def coloured(parent: Element, colour: str, class_: str = "") -> Element:
    """A group that is drawn in a colour of the page, or in the light one where the page has none."""
    return add(parent, "g", class_=f"{class_} c-{colour}".strip(), color=COLOURS[colour][0])


def write(parent: Element, text: str, x: Number, y: Number, size: Number, **attributes: Attribute) -> Element:
    """A line of text whose baseline is at `y`."""
    return add(parent, "text", text, x=x, y=y, font_size=size, fill="currentColor", **attributes)


def stroke(parent: Element, path: str, **attributes: Attribute) -> Element:
    """A line along a path."""
    return add(parent, "path", d=path, fill="none", stroke="currentColor", **attributes)


def fill(parent: Element, path: str, **attributes: Attribute) -> Element:
    """The inside of a path."""
    return add(parent, "path", d=path, fill="currentColor", **attributes)


def draw_line(parent: Element, path: str, style: Style, slimmer: Number = 1.0) -> None:
    """A line along a path with a style's width, made slimmer by a factor, and its dashes."""
    line = stroke(parent, path, stroke_width=slimmer * style.width, stroke_linejoin="round")
    set_attributes(
        line, **({"stroke_dasharray": style.dashes} if style.dashes else {"stroke_linecap": "round"})
    )


def path_through(points: Sequence[tuple[Number, Number]]) -> str:
    """A path through points; one alone is a dot."""
    return "M" + "L".join(f"{px(x)},{px(y)}" for x, y in points) + ("h0" if len(points) == 1 else "")


def moved_to(point: tuple[Number, Number]) -> str:
    """The transform that puts what is drawn around 0, 0 at a point."""
    return f"translate({px(point[0])},{px(point[1])})"


def add(parent: Element, tag: str, text: str = "", /, **attributes: Attribute) -> Element:
    """A new child, its attributes as in `set_attributes`."""
    element = ElementTree.SubElement(parent, tag)
    element.text = text or None
    set_attributes(element, **attributes)
    return element


def set_attributes(element: Element, **attributes: Attribute) -> None:
    """Attributes with hyphens for underscores, numbers in tenths of a pixel."""
    for name, value in attributes.items():
        element.set(_hyphened(name), value if isinstance(value, str) else px(value))


@cache
def _hyphened(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


def px(value: Number) -> str:
    """A number in tenths of a pixel: 12.3, 12, 0."""
    return f"{value:z.1f}".removesuffix(".0")
