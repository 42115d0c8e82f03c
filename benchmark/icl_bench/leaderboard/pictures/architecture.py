"""An architecture as a diagram, from its spec: the residual stream runs down, each sublayer adds to it."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from icl_bench.charts.elements import (
    add,
    as_text,
    coloured,
    fill,
    picture,
    px,
    set_attributes,
    stroke,
    write,
)
from icl_bench.charts.series import Number
from icl_bench.charts.text import BOLD, plain, shortened, wrapped
from icl_bench.leaderboard.pictures.description import describe, more_groups, more_sublayers
from icl_bench.leaderboard.pictures.modules import has_rope, looks, norm_name, sizes
from icl_bench.specs.architecture import ArchitectureSpec, BlockSpec, Layer, LearnedPositions, Sublayer

WIDTH = 360
MOST_SUBLAYERS, MOST_GROUPS = 8, 4  # that are drawn; of the rest their number is size_text

_FRAME_LEFT, _FRAME_RIGHT = 12.0, 300.0
_BACK = 354.0  # x of the line from the end of a looped group to its beginning
_BOX_LEFT, _BOX_RIGHT = 46.0, 294.0
_SPINE = (_BOX_LEFT + _BOX_RIGHT) / 2  # x of the residual stream
_AROUND = 30.0  # x of the lines around the sublayers
_TITLE, _NAME, _TEXT, _SMALL = 15.0, 13.0, 12.0, 12.0  # sizes of text
_STEP = 12.0  # between boxes
_SUM = 7.0  # radius of ⊕
_ICON = 24.0


def draw_architecture(spec: ArchitectureSpec) -> str:
    """The diagram as an `<svg>` of 360 pixels' width, at its foot the answers.

    Of a long spec the first sublayers of each of the first groups are drawn, and it says how many more
    there are. A block type that has no looks of its own shows its name and its whole numbers.
    """
    body = Element("g")
    groups = spec.layers[:MOST_GROUPS]
    shown = allot([len(spec.stem), *(len(group.sublayers) for group in groups)], MOST_SUBLAYERS)
    y = _draw_start(body, spec)
    if spec.stem:
        y = _draw_group(body, y, spec, spec.stem, shown[0], None)
    for group, count in zip(groups, shown[1:], strict=True):
        y = _draw_layers(body, y, spec, group, count)
    if more := more_groups(spec.layers[MOST_GROUPS:]):
        y = _draw_more(body, y, more)
    y = _draw_end(body, y, spec)
    svg = picture(WIDTH, y, f"Architecture of {spec.name}", describe(spec, shown))
    svg.append(body)
    return as_text(svg)


def allot(wanted: Sequence[int], budget: int) -> list[int]:
    """How many each may have of what it wants: one after the other takes one more until none is left."""
    shares = [0] * len(wanted)
    while budget > 0 and shares != list(wanted):
        for k in range(len(wanted)):
            if shares[k] < wanted[k] and budget > 0:
                shares[k], budget = shares[k] + 1, budget - 1
    return shares


def _draw_start(body: Element, spec: ArchitectureSpec) -> Number:
    """Heading, tokens, read-in and the table of positions; returns where the stream is then."""
    ink, muted = coloured(body, "ink"), coloured(body, "muted")
    depth, applied = len(spec.built()), len(spec.expanded())
    loops = f", {applied:,} applied" if spec.looped else ""
    name = shortened(plain(spec.name), (WIDTH - 8) / BOLD, _TITLE)
    write(ink, name, 4, 17, _TITLE, font_weight="600")
    write(muted, f"width {spec.width:,}, {depth:,} sublayer{'s' * (depth > 1)}{loops}", 4, 35, _TEXT)
    write(ink, "x₀\xa0 y₀\xa0 x₁\xa0 y₁\xa0 …", _SPINE, 62, _TEXT, text_anchor="middle")
    y = _draw_plain_box(ink, 68, 81, f"Linear read-in to width {spec.width:,}")
    if isinstance(spec.positions, LearnedPositions):
        y = _draw_positions(body, y, spec.positions.max_tokens)
    return y


def _draw_positions(body: Element, y: Number, tokens: int) -> Number:
    """A table on the right whose rows are added to the stream."""
    ink, muted = coloured(body, "ink"), coloured(body, "muted")
    left, right, middle = _SPINE + 32, WIDTH - 4.0, y + 25
    _draw_arrow(ink, y, middle - _SUM)
    _draw_sum(ink, middle)
    stroke(ink, f"M{px(left)},{px(middle)}H{px(_SPINE + _SUM + 1)}")
    fill(ink, f"M{px(_SPINE + _SUM)},{px(middle)}l5,-3.2v6.4z")
    _draw_rect(muted, left, middle - 17, right - left, 34, 4)
    table = "".join(f"M0,{k}h16" for k in (0, 5.5, 11, 16.5, 22)) + "M0,0v22M16,0v22"
    stroke(muted, table, transform=f"translate({px(left + 8)},{px(middle - 11)})")
    write(ink, "Learned positions", left + 31, middle - 2.5, _SMALL, font_weight="600")
    write(muted, f"{tokens:,} token{'s' * (tokens > 1)}", left + 31, middle + 11, _SMALL)
    stroke(ink, f"M{px(_SPINE)},{px(middle + _SUM)}V{px(middle + 18)}")
    return middle + 18


def _draw_end(body: Element, y: Number, spec: ArchitectureSpec) -> Number:
    ink = coloured(body, "ink")
    y = _draw_norm(ink, y, y + _STEP, f"Final {norm_name(spec.final_norm)}")
    y = _draw_plain_box(ink, y, y + _STEP, "Linear read-out")
    _draw_arrow(ink, y, y + 10)
    write(ink, "ŷ₀\xa0 ŷ₁\xa0 …", _SPINE, y + 23, _TEXT, text_anchor="middle")
    return y + 30


def _draw_layers(body: Element, y: Number, spec: ArchitectureSpec, group: Layer, shown: int) -> Number:
    """A group; where it is looped, with the line by which its output enters it again."""
    if not group.looped:
        return _draw_group(body, y, spec, group.sublayers, shown, group.repeat)
    ink = coloured(body, "ink")
    entry, radius, corner = y + 24, _SUM if group.inject else 0.0, 7
    if group.inject:
        write(ink, "input added in each loop", _SPINE + 14, entry - 12, _SMALL)
        _draw_arrow(ink, y, entry - _SUM)
        _draw_sum(ink, entry)
    else:
        stroke(ink, f"M{px(_SPINE)},{px(y)}V{px(entry)}")
    bottom = _draw_group(body, entry + radius, spec, group.sublayers, shown, group.repeat)
    fork = bottom + 9
    stroke(ink, f"M{px(_SPINE)},{px(bottom)}V{px(fork + 22)}")
    add(ink, "circle", cx=_SPINE, cy=fork, r=2, fill="currentColor")
    stroke(
        ink,
        f"M{px(_SPINE)},{px(fork)}H{px(_BACK - corner)}q{corner},0 {corner},{-corner}"
        f"V{px(entry + corner)}q0,{-corner} {-corner},{-corner}H{px(_SPINE + radius + 1)}",
    )
    fill(ink, f"M{px(_SPINE + radius)},{px(entry)}l5,-3.2v6.4z")
    times = f"{group.loop} loop{'s' * (group.loop > 1)}, shared weights"
    write(ink, times, _SPINE + 14, fork + 16, _SMALL)
    return fork + 22


def _draw_group(
    body: Element,
    y: Number,
    spec: ArchitectureSpec,
    sublayers: list[Sublayer],
    shown: int,
    repeat: int | None,
) -> Number:
    """A frame with the first sublayers of a group, or of the stem where `repeat` is None."""
    ink, muted = coloured(body, "ink"), coloured(body, "muted")
    top = y + 7
    stroke(ink, f"M{px(_SPINE)},{px(y)}V{px(top)}")
    y = top
    for sublayer in sublayers[:shown]:
        y = _draw_sublayer(body, y, sublayer, spec.width)
    if more := more_sublayers(sublayers[shown:]):
        y = _draw_more(body, y, more)
    bottom = y + 7
    stroke(ink, f"M{px(_SPINE)},{px(y)}V{px(bottom)}")
    frame = _draw_rect(muted, _FRAME_LEFT, top, _FRAME_RIGHT - _FRAME_LEFT, bottom - top, 10)
    middle = (top + bottom) / 2
    if repeat is None:
        set_attributes(frame, stroke_dasharray="2 3")
        write(muted, "stem", _FRAME_RIGHT + 9, middle + 4, _TEXT)
    else:
        write(ink, f"×{repeat}", _FRAME_RIGHT + 8, middle + 6, 18, font_weight="600")
    return bottom


def _draw_sublayer(body: Element, y: Number, sublayer: Sublayer, width: int) -> Number:
    """Norm and module, and the line around them to their sum."""
    ink = coloured(body, "ink")
    fork = y + 7
    y = _draw_norm(ink, y, fork + 9, norm_name(sublayer.norm))
    y = _draw_module(body, y, sublayer.module, width)
    middle = y + 9 + _SUM
    _draw_arrow(ink, y, middle - _SUM)
    _draw_sum(ink, middle)
    corner = 7
    add(ink, "circle", cx=_SPINE, cy=fork, r=2, fill="currentColor")
    stroke(
        ink,
        f"M{px(_SPINE)},{px(fork)}H{px(_AROUND + corner)}q{-corner},0 {-corner},{corner}"
        f"V{px(middle - corner)}q0,{corner} {corner},{corner}H{px(_SPINE - _SUM - 1)}",
    )
    fill(ink, f"M{px(_SPINE - _SUM)},{px(middle)}l-5,-3.2v6.4z")
    if sublayer.skip != 1:
        write(ink, f"×{sublayer.skip:g}", _AROUND + corner, middle + 14, _SMALL)
    return middle + _SUM


def _draw_module(body: Element, y: Number, module: BlockSpec, width: int) -> Number:
    style = looks(module)
    text_left = _BOX_LEFT + _ICON + 22
    size_text = "\xa0· ".join(text.replace(" ", "\xa0") for text in sizes(module))  # to be broken after a dot
    lines = wrapped(size_text, _BOX_RIGHT - text_left - 6, _SMALL)[:3] if size_text else []
    top, height = y + _STEP - 2, 24.0 + 14 * max(1, len(lines))
    _draw_arrow(coloured(body, "ink"), y, top)
    group = coloured(body, style.colour)
    add(group, "title", f"{plain(style.name)}: {module.parameters(width):,} parameters")
    inside = {"x": _BOX_LEFT, "y": top, "height": height, "rx": 5}
    add(group, "rect", **inside, width=_BOX_RIGHT - _BOX_LEFT, fill="currentColor", fill_opacity="0.1")
    add(group, "rect", **inside, width=_ICON + 14, fill="currentColor", fill_opacity="0.12")
    border = _draw_rect(group, _BOX_LEFT, top, _BOX_RIGHT - _BOX_LEFT, height, 5)
    set_attributes(border, stroke_width=1.4, **({"stroke_dasharray": style.dashes} if style.dashes else {}))
    at = f"translate({px(_BOX_LEFT + 7)},{px(top + (height - _ICON) / 2)})"
    if style.filled:
        fill(group, style.filled, transform=at)
    if style.lines:
        stroke(group, style.lines, transform=at, stroke_width=1.8, stroke_linecap="round")
    ink = coloured(group, "ink")
    name_width = _BOX_RIGHT - text_left - (62 if has_rope(module) else 6)
    name = shortened(plain(style.name), name_width / BOLD, _NAME)
    write(ink, name, text_left, top + 16 if lines else top + height / 2 + 4.5, _NAME, font_weight="600")
    muted = coloured(group, "muted")
    for k, line in enumerate(lines):
        write(muted, line.removesuffix("\xa0·"), text_left, top + 31 + 14 * k, _SMALL)
    if has_rope(module):
        _draw_rope(ink, top + 5)
    return top + height


def _draw_rope(ink: Element, top: Number) -> None:
    """The mark of rotary positions: a pill in the upper right corner."""
    left, width = _BOX_RIGHT - 67, 62.0
    _draw_rect(ink, left, top, width, 16, 8)
    stroke(ink, f"M{px(left + 13)},{px(top + 5.2)}a4,4 0 1,0 0.6,5")  # a turn
    fill(ink, f"M{px(left + 15.5)},{px(top + 7.6)}l-5.2,-1.2l3.6,-3.4z")
    write(ink, "RoPE", left + 19, top + 12.2, 12.0, font_weight="600")


def _draw_norm(ink: Element, y: Number, top: Number, text: str) -> Number:
    """A pill from `top` on, and the stream from `y` to it."""
    _draw_arrow(ink, y, top)
    _draw_rect(ink, _SPINE - 62, top, 124, 20, 10)
    write(ink, text, _SPINE, top + 14, _SMALL, text_anchor="middle")
    return top + 20


def _draw_plain_box(ink: Element, y: Number, top: Number, text: str) -> Number:
    _draw_arrow(ink, y, top)
    _draw_rect(ink, _BOX_LEFT, top, _BOX_RIGHT - _BOX_LEFT, 24, 4)
    write(ink, text, _SPINE, top + 16, _TEXT, text_anchor="middle")
    return top + 24


def _draw_more(body: Element, y: Number, text: str) -> Number:
    """Dots on the stream, and in words what they stand for."""
    ink, muted = coloured(body, "ink"), coloured(body, "muted")
    stroke(ink, f"M{px(_SPINE)},{px(y)}v6")
    y += 21
    for line in wrapped(text, 2 * (_FRAME_RIGHT - _SPINE) - 8, _TEXT):
        write(muted, line, _SPINE, y, _TEXT, text_anchor="middle")
        y += 15
    stroke(ink, f"M{px(_SPINE)},{px(y - 9)}v6")
    return y - 3


def _draw_sum(ink: Element, y: Number) -> None:
    add(ink, "circle", cx=_SPINE, cy=y, r=_SUM, fill="none", stroke="currentColor", stroke_width=1.3)
    stroke(ink, f"M{px(_SPINE - 4)},{px(y)}h8M{px(_SPINE)},{px(y - 4)}v8", stroke_width=1.3)


def _draw_arrow(ink: Element, start: Number, end: Number) -> None:
    """Down the stream."""
    stroke(ink, f"M{px(_SPINE)},{px(start)}V{px(end - 1)}")
    fill(ink, f"M{px(_SPINE)},{px(end)}l-3.2,-5h6.4z")


def _draw_rect(parent: Element, x: Number, y: Number, width: Number, height: Number, rx: Number) -> Element:
    return add(
        parent, "rect", x=x, y=y, width=width, height=height, rx=rx, fill="none", stroke="currentColor"
    )
