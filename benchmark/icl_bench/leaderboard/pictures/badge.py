"""A flat badge for a README: a file of its own, with its colours in it."""

from icl_bench.charts.elements import Element, add, as_text, fill, picture, px
from icl_bench.charts.series import Number
from icl_bench.charts.styles import COLOURS
from icl_bench.charts.text import plain, shortened, text_width

_HEIGHT, _SIZE, _PAD = 20, 11.0, 7.0
_WIDEST = 280.0  # a text
_GREY, _BLUE, _INK = "#3d4248", COLOURS["1"][0], "#ffffff"


def draw_badge(label: str, value: str) -> str:
    """`label` on grey and `value` on blue as an `<svg>` of 20 pixels' height, both written in white."""
    label, value = (shortened(plain(text), _WIDEST, _SIZE) for text in (label, value))
    middle, width = _width(label), _width(label) + _width(value)
    svg = picture(width, _HEIGHT, f"{label}: {value}", f"A badge that reads {label}, {value}")
    svg.set("font-family", "Verdana, DejaVu Sans, Geneva, sans-serif")
    del svg.attrib["class"]  # no page gives it colours
    corner = "a3,3 0 0,{0} {1},3v14a3,3 0 0,{0} {2},3"
    fill(svg, f"M{px(middle - 0.5)},0H3{corner.format(0, -3, 3)}H{px(middle - 0.5)}z", color=_GREY)
    # a gap parts them in black and white
    fill(
        svg,
        f"M{px(middle + 0.5)},0H{px(width - 3)}{corner.format(1, 3, -3)}H{px(middle + 0.5)}z",
        color=_BLUE,
    )
    _write(svg, label, middle / 2)
    _write(svg, value, (middle + width) / 2)
    return as_text(svg)


def _width(text: str) -> int:
    return round(text_width(text, _SIZE) + 2 * _PAD)


def _write(svg: Element, text: str, x: Number) -> None:
    add(svg, "text", text, x=x, y=14, font_size=_SIZE, text_anchor="middle", fill=_INK)
