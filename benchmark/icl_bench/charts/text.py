"""Names as text that fits: nothing in them is markup, and how wide they are is estimated."""

import unicodedata

from icl_bench.charts.series import Number

_WIDTHS = {
    **dict.fromkeys("ijl.,:;'|!I[]()", 0.38),
    **dict.fromkeys(' frt/-"', 0.42),
    **dict.fromkeys("mwMW@%—…", 0.97),
}
_DROPPED = {"Cc", "Cf", "Cs"}  # control, direction and half characters
BOLD = 1.1  # how much wider than others bold text is
_NOT_XML = "\ufffe\uffff"


def plain(name: str) -> str:
    """A name on one line, without what XML cannot hold or what would turn the text around it."""
    characters = (
        c for c in name if c.isspace() or not (unicodedata.category(c) in _DROPPED or c in _NOT_XML)
    )
    return " ".join("".join(characters).split()) or "?"


def text_width(text: str, size: Number) -> float:
    """About how many pixels a text takes in a system font of this size, rather too many than too few."""
    return size * sum(_character_width(c) for c in text)


def shortened(text: str, width: Number, size: Number) -> str:
    """The text, or as much of it as fits into `width` pixels, with an ellipsis."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def wrapped(text: str, width: Number, size: Number) -> list[str]:
    """The text in lines of at most `width` pixels, broken between words; a longer word is shortened."""
    lines: list[str] = []
    for word in filter(None, text.split(" ")):  # a hard space holds words together
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(shortened(word, width, size))
    return lines


def _character_width(c: str) -> float:
    if unicodedata.combining(c):
        return 0.0
    if unicodedata.east_asian_width(c) in "WF":
        return 1.0
    return _WIDTHS.get(c, 0.72 if c.isupper() else 0.61)
