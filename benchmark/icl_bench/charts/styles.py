"""How series are distinguished: by dashes, marker and width, and by colour on top of that.

No two series of a chart share all of the first three, so a chart without colour says the same. Colours are
plain attributes, which the stylesheet turns into CSS custom properties that a page may set.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import lcm

from icl_bench.charts.series import Role, Series
from icl_bench.errors import InputError

# name: (light, dark). The numbered ones stay apart from each other and from the surface, in every common
# form of colour blindness too.
COLOURS = {
    "ink": ("#1b1b1b", "#f2f2f2"),
    "muted": ("#595f66", "#a9b0b7"),
    "grid": ("#dfe2e5", "#3a3f45"),
    "surface": ("#ffffff", "#16181b"),
    "1": ("#0a4bb0", "#4f93d8"),
    "2": ("#a02800", "#f56a3a"),
    "3": ("#128751", "#62dc92"),
    "4": ("#b4137a", "#d078a0"),
    "5": ("#9c6e01", "#fdcc05"),
    "6": ("#8529ff", "#9f6bff"),
}


@dataclass(frozen=True)
class Style:
    """One curve's looks."""

    width: float
    dashes: str  # as in stroke-dasharray; empty is solid
    marker: str  # a path around 0, 0; empty is none
    filled: bool  # whether the marker is
    colour: str  # a key of COLOURS


@dataclass(frozen=True)
class _Looks:
    """The styles of a role: the k-th series of it takes the k-th of each, round and round."""

    width: float
    dashes: tuple[str, ...]
    markers: tuple[str, ...]
    filled: bool
    colours: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many differ without colour."""
        return lcm(len(self.dashes), len(self.markers))

    def style(self, k: int) -> Style:
        dashes, marker = self.dashes[k % len(self.dashes)], self.markers[k % len(self.markers)]
        return Style(self.width, dashes, marker, self.filled, self.colour(k))

    def colour(self, k: int) -> str:
        """Of the k-th series, as a key of COLOURS."""
        return self.colours[k % len(self.colours)]


CIRCLE = "M-3,0a3,3 0 1,0 6,0a3,3 0 1,0 -6,0z"
SQUARE = "M-2.7,-2.7h5.4v5.4h-5.4z"
DIAMOND = "M0,-4l4,4l-4,4l-4,-4z"
UP = "M0,-3.8l3.6,6.4h-7.2z"
DOWN = "M0,3.8l3.6,-6.4h-7.2z"
PLUS = "M-3.6,0h7.2M0,-3.6v7.2"
CROSS = "M-2.8,-2.8l5.6,5.6M-2.8,2.8l5.6,-5.6"
HOURGLASS = "M-3,-3.2h6l-6,6.4h6z"

_NUMBERED = ("1", "2", "3", "4", "5", "6")
_LOOKS: dict[Role, _Looks] = {
    "exact": _Looks(3.6, ("",), ("", CIRCLE, SQUARE, UP), True, ("ink",)),
    "baseline": _Looks(2.6, ("11 3",), ("", DIAMOND, DOWN, SQUARE), True, ("ink",)),
    "model": _Looks(
        2.2,
        ("", "8 3", "8 3 2 3"),
        (CIRCLE, SQUARE, UP, DIAMOND),
        True,
        ("2", "1", "3", "4", "5", "6"),
    ),
    "other": _Looks(
        1.3,
        ("", "6 3", "2 2", "9 3 2 3", "14 4"),
        (CIRCLE, UP, PLUS, SQUARE, CROSS, DIAMOND, DOWN, HOURGLASS),
        False,
        _NUMBERED,
    ),
    "zero": _Looks(1.5, ("1.5 3",), ("", CIRCLE, SQUARE, UP), False, ("ink",)),
}


def choose_styles(series: Sequence[Series]) -> list[Style]:
    """A style for each series, no two alike but for faded ones; InputError where a role has too many to be
    distinguishable.

    A series that asks for a style which is taken gets another of the same colour, as long as there is one.
    """
    taken, styles = set(), {}
    for curve in sorted(series, key=lambda curve: (curve.faded, curve.style is None)):
        looks = _LOOKS[curve.role]
        order = [((curve.style or 0) + k) % looks.count for k in range(looks.count)]
        if curve.style is not None:
            colour = looks.colour(order[0])
            alike = [k for k in order if looks.colour(k) == colour]
            order = alike + [k for k in order if k not in alike]
        if curve.faded:
            styles[curve.name] = looks.style(order[0])
            continue
        free = [k for k in order if (curve.role, k) not in taken]
        if not free:
            raise InputError(
                f"a chart has at most {looks.count} series with the role {curve.role!r}; draw fewer",
                code="too-many-series",
            )
        taken.add((curve.role, free[0]))
        styles[curve.name] = looks.style(free[0])
    return [styles[curve.name] for curve in series]


def stylesheet() -> str:
    """CSS that lets a page set the colours, as `--chart-ink` or `--chart-1`, and gives them dark values.

    A page with charts needs it once; it also lets a curve stand out under the pointer.
    """
    light = [_rule(name, light) for name, (light, _) in COLOURS.items()]
    dark = [_rule(name, dark) for name, (_, dark) in COLOURS.items()]
    for rules, value in zip((light, dark), COLOURS["muted"], strict=True):
        rules.append(_faded(value))
    return "\n".join(
        [
            ".icl-chart{display:block;max-width:100%;height:auto}",
            *light,
            f"@media (prefers-color-scheme:dark){{\n{chr(10).join(dark)}\n}}",
            ".icl-chart .series.faded>path{opacity:.45}",
            ".icl-chart .series.faded>path[fill-opacity]{opacity:0}",  # its band
            ".icl-chart:has(.series:hover) .series:not(:hover){opacity:.25}",
            "",
        ]
    )


def model_style(name: str, ordered: Sequence[str]) -> int:
    """The style that a model has in every chart: its place among `ordered` names, else one by its name."""
    if name in ordered:
        return ordered.index(name) % _LOOKS["model"].count
    return int.from_bytes(sha256(name.encode()).digest()[:4], "big") % _LOOKS["model"].count


def model_colour(name: str, ordered: Sequence[str]) -> str:
    """The colour of `model_style`, as a key of COLOURS."""
    return _LOOKS["model"].colour(model_style(name, ordered))


def _faded(value: str) -> str:
    """A series in the background is grey."""
    return f".icl-chart .series.faded{{color:var(--chart-muted,{value})}}"


def _rule(name: str, value: str) -> str:
    hollow = f"\n.icl-chart .hollow{{fill:var(--chart-surface,{value})}}" if name == "surface" else ""
    return f".icl-chart .c-{name}{{color:var(--chart-{name},{value})}}{hollow}"
