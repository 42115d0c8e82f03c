"""What a chart shows: named series of numbers on two axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

from icl_bench.errors import InputError

Role = Literal["exact", "baseline", "model", "other", "zero"]
Scale = Literal["linear", "log"]
Number = float | int
Numbers = Sequence[Number]

ROLES: tuple[Role, ...] = get_args(Role)
LARGEST = 1e100  # what is larger is no number that a chart can place


@dataclass(frozen=True)
class Series:
    """One curve. A y that is NaN, infinite or beyond `LARGEST` is a gap in it.

    `low` and `high` are a band around it; `note` stands below its name; `mean` is shown on hover, by default
    that of the y values; `heading` is its name in a table, where that says more. A `style` is the place of
    its dashes, marker and colour among those of its role: give it where a name should look the same in
    several charts, else the next free one is taken. A `faded` one is drawn in grey below the others; a page
    may let its reader bring it forward.
    """

    name: str
    x: Numbers
    y: Numbers
    role: Role = "other"
    low: Numbers | None = None
    high: Numbers | None = None
    note: str = ""
    mean: Number | None = None
    style: int | None = None
    heading: str = ""
    faded: bool = False

    def __post_init__(self) -> None:
        where = f"series {self.name!r}"
        if self.role not in ROLES:
            raise InputError(
                f"{where} has the role {self.role!r}; give one of {', '.join(ROLES)}", code="role"
            )
        if (self.low is None) != (self.high is None):
            raise InputError(
                f"{where} has one edge of a band; give both low and high, or neither", code="one-edge"
            )
        if self.style is not None and self.style < 0:
            raise InputError(f"{where} has the style {self.style}; count from 0", code="style")
        for label, values in (("y", self.y), ("low", self.low), ("high", self.high)):
            if values is not None and len(values) != len(self.x):
                raise InputError(
                    f"{where} has {len(self.x)} x and {len(values)} {label}; give as many of each",
                    code="other-lengths",
                )
        if not all(is_number(x) for x in self.x) or any(b <= a for a, b in pairwise(self.x)):
            raise InputError(
                f"{where} has x values that do not increase; sort them, each once", code="not-increasing"
            )
        if not self.numbers:
            raise InputError(f"{where} has no finite value; leave it out", code="not-finite")

    @property
    def numbers(self) -> list[float]:
        """The y values without the gaps."""
        return [float(y) for y in self.y if is_number(y)]

    @property
    def mean_value(self) -> float:
        """The mean that is shown on hover."""
        return float(self.mean) if self.mean is not None else sum(self.numbers) / len(self.numbers)


@dataclass(frozen=True)
class Chart:
    """Series on two axes.

    `y_limit` is the top of the y axis; a curve that goes beyond leaves the frame, marked by an arrow and by
    its largest value in the label. Without one, everything is inside. `y_floor` is the bottom of a
    logarithmic y axis, onto which smaller values, 0 among them, are laid; by default a millionth of its top.
    """

    title: str
    x_label: str
    y_label: str
    series: Sequence[Series]
    x_scale: Scale = "linear"
    y_scale: Scale = "linear"
    y_limit: Number | None = None
    y_floor: Number | None = None

    def __post_init__(self) -> None:
        if not self.series:
            raise InputError(
                f"the chart {self.title!r} has no series; give it at least one", code="no-series"
            )
        names = [series.name for series in self.series]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(
                f"two series are called {twice[0]!r}; give each a name of its own", code="same-names"
            )
        for end in (self.y_limit, self.y_floor):
            if end is not None and not (is_number(end) and end > 0):
                raise InputError(
                    f"the y axis of {self.title!r} cannot end at {end}; give a number above 0",
                    code="axis-end",
                )
        if self.x_scale == "log" and (low := min(series.x[0] for series in self.series)) <= 0:
            raise InputError(
                f"x = {low} has no place on a logarithmic axis; leave it out or use a linear one",
                code="off-the-axis",
            )


def is_number(value: Number) -> bool:
    """Whether a value can be placed: false for NaN, infinity and what is beyond `LARGEST`."""
    return abs(value) <= LARGEST
