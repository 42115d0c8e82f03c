"""The picture that a link to a model is shown with: a PNG of 1,200 × 630 pixels, as Open Graph has it."""

import zlib
from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from icl_bench.charts.text import plain

WIDTH, HEIGHT = 1200, 630
_MARGIN = 80
_PALETTE = {"paper": (255, 255, 255), "ink": (23, 28, 33), "muted": (89, 99, 110), "accent": (0, 98, 155)}
_PAPER, _INK, _MUTED, _ACCENT = range(len(_PALETTE))
_MARK = [(80, 132), (104, 84), (124, 108), (160, 66)]  # that of the site's icon


def draw_share(name: str, suite: str, number: str, about: str, place: str) -> bytes:
    """A model's name, its suite, its number in large digits, what that is, and its place where it has one.

    The font comes with Pillow; what it has no letter for is shown as a box. With one version of Pillow the
    same texts give the same bytes.
    """
    image = _paper().copy()
    draw = ImageDraw.Draw(image)
    draw.fontmode = "1"  # four colours have no shades between them
    name, font = _fitting(plain(name))
    draw.text((_MARGIN, 190), name, fill=_INK, font=font)
    draw.text((_MARGIN, 330), number, fill=_ACCENT, font=_font(150))
    draw.text((_MARGIN, 520), "  ·  ".join(filter(None, (about, place, suite))), fill=_MUTED, font=_font(40))
    stream = BytesIO()
    image.save(stream, "PNG", compress_type=zlib.Z_RLE)  # for large areas of one colour
    return stream.getvalue()


@cache
def _paper() -> Image.Image:
    """What every picture has: the paper, the mark and the name of the site."""
    image = Image.new("P", (WIDTH, HEIGHT), _PAPER)
    image.putpalette([part for colour in _PALETTE.values() for part in colour])
    draw = ImageDraw.Draw(image)
    draw.fontmode = "1"
    draw.line(_MARK, fill=_ACCENT, width=6)
    for x, y in _MARK[:-1]:
        draw.ellipse((x - 8, y - 8, x + 8, y + 8), fill=_ACCENT)
    draw.text((190, 74), "icl-bench", fill=_MUTED, font=_font(48))
    return image


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # a size was given
    return font


def _fitting(name: str) -> tuple[str, ImageFont.FreeTypeFont]:
    """The name in the largest size that fits, shortened where none does."""
    widest = WIDTH - 2 * _MARGIN
    for size in (84, 64, 48):
        if _font(size).getlength(name) <= widest:
            return name, _font(size)
    while _font(48).getlength(name + "…") > widest:
        name = name[:-1]
    return name + "…", _font(48)
