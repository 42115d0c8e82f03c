"""A finding, and the words that its sentence is made of."""

from collections.abc import Sequence
from dataclasses import dataclass

from icl_bench.leaderboard.formats import MINUS
from icl_bench.models.reference import PREFIX
from icl_bench.specs.result import Estimate

_SEEDS = {1: "one seed", 2: "two seeds", 3: "three seeds"}
_NAMES = 4  # in a sentence
CONTRADICTED = "contradicted"
NOT_SEPARATED = "not separated"


@dataclass(frozen=True)
class Link:
    """A page of the site, or a place in one, and what a link to it says."""

    label: str
    path: str


@dataclass(frozen=True)
class Finding:
    """A claim that records hold or deny.

    `status` is how many training runs the least known model of it has, `not separated` where its
    difference is not significant, or `contradicted`. `table` has a head and rows of its numbers.
    """

    id: str  # the anchor: it stays while the numbers change
    title: str
    sentence: str
    status: str
    evidence: Sequence[Link]
    table: Sequence[Sequence[str]] = ()

    @property
    def sure(self) -> str:
        """`well`, `little` or `not`: how far the status is to be relied on."""
        if self.status in (CONTRADICTED, NOT_SEPARATED):
            return "not"
        return "little" if self.status in (_SEEDS[1], _SEEDS[2]) else "well"

    @property
    def path(self) -> str:
        """Where it stands on the site."""
        return f"findings.html#{self.id}"


def seeds(runs: int) -> str:
    """The status of a finding whose least known model has so many training runs."""
    return _SEEDS.get(runs, f"{runs} seeds")


def short_name(name: str) -> str:
    """A model without `reference/`."""
    return name.removeprefix(PREFIX)


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`, or the first ones `and 7 others`."""
    shown = list(names[:_NAMES])
    if len(names) > _NAMES + 1:
        shown.append(f"{len(names) - _NAMES} others")
    else:
        shown = list(names)
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def points(value: float) -> str:
    """A gain times 100, with one decimal."""
    return f"{100 * value:z.1f}".replace("-", MINUS)


def signed_points(value: float) -> str:
    """A difference of gains times 100, with its sign."""
    text = points(value)
    return text if text.startswith(MINUS) or text == "0.0" else f"+{text}"


def ends(low: float | None, high: float | None) -> str:
    """A 95% interval in points, `[92.2, 93.4]`; empty where there is none."""
    return "" if low is None or high is None else f"[{points(low)}, {points(high)}]"


def with_interval(estimate: Estimate) -> str:
    """`92.8 [92.2, 93.4]`."""
    assert estimate.value is not None
    return f"{points(estimate.value)} {ends(estimate.low, estimate.high)}".rstrip()


def p_text(p: float | None) -> str:
    """A p-value, in a sentence."""
    if p is None:
        return "no p-value"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
