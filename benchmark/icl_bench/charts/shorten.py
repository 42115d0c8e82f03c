"""Names that stand beside each other, cut where they do not differ."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

from icl_bench.charts.series import Number
from icl_bench.charts.text import text_width

_Span = tuple[int, int]  # of characters: the first, and the one after the last
_LONGEST = 200  # characters of a name that are compared; what is between its ends beyond them is cut anyway


def shortened_apart(names: Sequence[str], width: Number, size: Number) -> list[str]:
    """Each name as it is where it fits into `width` pixels, else with an ellipsis for a part of it.

    What is cut is what a name has in common with others, in its middle if that is enough: names that differ
    in a number at their ends, or in the middle, still do. Those that look alike after all are numbered.
    """
    bounded = [_bounded(name) for name in names]
    shown = [
        name if text_width(name, size) <= width else _cut(name, bounded[:k] + bounded[k + 1 :], width, size)
        for k, name in enumerate(bounded)
    ]
    return [
        f"{text} ({shown[: k + 1].count(text)})" if shown.count(text) > 1 else text
        for k, text in enumerate(shown)
    ]


def _bounded(name: str) -> str:
    half = _LONGEST // 2
    return name if len(name) <= _LONGEST else f"{name[:half]}…{name[-half:]}"


def _cut(name: str, others: Sequence[str], width: Number, size: Number) -> str:
    """The cut that hides least of what distinguishes the name; of equal ones both ends, evenly."""
    choices = _choices(name, width, size)
    most = max(sum(end - start for start, end in kept) for kept in choices)
    spans = [_difference(name, other) for other in others if other != name]
    spans = [(start, end) for start, end in spans if end - start <= most]  # of longer ones a part is enough

    def loss(kept: list[_Span]) -> tuple[float, bool, int]:
        hidden = sum((1 - _visible(span, kept) for span in spans), start=0.0)
        return round(hidden, 6), len(kept) == 1, abs(kept[0][0] + kept[0][1] + kept[-1][0] - len(name))

    kept = min(choices, key=loss)
    text = "…".join(name[start:end] for start, end in kept)
    return text if len(kept) == 2 else f"…{text}…"


def _difference(name: str, other: str) -> _Span:
    """From the first character that differs to the last one; where one is cut out, those beside the place."""
    shorter = min(len(name), len(other))
    start = next((k for k in range(shorter) if name[k] != other[k]), shorter)
    rest = range(shorter - start)
    end = len(name) - next((k for k in rest if name[-1 - k] != other[-1 - k]), len(rest))
    return (start, end) if start < end else (max(0, start - 1), min(len(name), start + 1))


def _choices(name: str, width: Number, size: Number) -> list[list[_Span]]:
    """What can be kept: each length of the beginning with the longest end that fits, and each stretch."""
    reached = list(accumulate((text_width(c, size) for c in name), initial=0.0))
    length, dots = len(name), text_width("…", size)
    choices = []
    for head in range(bisect_right(reached, width - dots)):
        tail = bisect_left(reached, reached[-1] - (width - dots - reached[head]))
        choices.append([(0, head), (max(head, tail), length)])
    for start in range(1, length):
        end = bisect_right(reached, reached[start] + width - 2 * dots) - 1
        if start < end < length:
            choices.append([(start, end)])
    return choices or [[(0, 0), (length, length)]]


def _visible(span: _Span, kept: Sequence[_Span]) -> float:
    """The share of a span's characters that are kept."""
    shown = sum(max(0, min(span[1], end) - max(span[0], start)) for start, end in kept)
    return shown / (span[1] - span[0])
