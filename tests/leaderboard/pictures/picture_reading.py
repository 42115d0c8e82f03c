"""Pictures read back as XML."""

import re
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
KINDS = {"svg", "title", "desc", "g", "path", "text", "rect", "circle"}
HOSTILE = [
    "<script>alert(1)</script>",
    "\" onload='x' &amp; ]]>",
    "long " * 60,
    "\x00\x1b[31m\ud800",
    "\u202er",
]


def read_inert(text: str) -> ElementTree.Element:
    """The picture, once it is sure that a page may hold it many times under a strict policy."""
    text.encode("utf-8")
    svg = ElementTree.fromstring(text)
    assert {element.tag.removeprefix(SVG) for element in svg.iter()} <= KINDS
    attributes = {name for element in svg.iter() for name in element.attrib}
    forbidden = ("id", "style", "href")
    assert not [name for name in attributes if name in forbidden or name.startswith(("on", "{"))]
    assert "url(" not in text
    assert [child.tag for child in svg[:2]] == [f"{SVG}title", f"{SVG}desc"]
    assert svg.get("viewBox") == f"0 0 {svg.get('width')} {svg.get('height')}"
    return svg


def texts(svg: ElementTree.Element) -> list[str]:
    """What is written in the picture, hard spaces as spaces."""
    return [text.text.replace("\xa0", " ") for text in svg.iter(f"{SVG}text")]


def points(path: str) -> list[list[float]]:
    """The absolute points that a path names as x,y."""
    return [[float(n) for n in point.split(",")] for point in re.findall(r"[ML](-?[\d.]+,-?[\d.]+)", path)]


def inside(svg: ElementTree.Element) -> bool:
    """Whether no text begins, and no rectangle lies, outside the picture."""
    width, height = float(svg.get("width")), float(svg.get("height"))
    turned = [text for text in svg.iter(f"{SVG}text") if text.get("transform")]
    written = [text for text in svg.iter(f"{SVG}text") if text not in turned]
    corners = [(float(text.get("x")), float(text.get("y"))) for text in written]
    for rect in svg.iter(f"{SVG}rect"):
        x, y, w, h = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
        corners += [(x, y), (x + w, y + h)]
    return all(0 <= x <= width and 0 <= y <= height for x, y in corners)
