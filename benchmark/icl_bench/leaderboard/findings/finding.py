"""A finding, and the words that its sentence is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from icl_bench.leaderboard.formats import LEAST_P, interval, score, signed, three_digits
from icl_bench.models.reference import PREFIX
from icl_bench.ranking.effects import Effect
from icl_bench.specs.result import Estimate

_SEEDS = {1: "one seed", 2: "two seeds", 3: "three seeds"}
_NAMES = 4  # in a sentence
CONTRADICTED = "contradicted"
NOT_SEPARATED = "not separated"

Curves = Literal["excess", "learning", "effects"]


@dataclass(frozen=True)
class Link:
    """A page of the site, or a place in one, and what a link to it says."""

    label: str
    path: str


@dataclass(frozen=True)
class Finding:
    """A claim that records hold or deny.

    `status` is how many training runs the least known model of it has, `not separated` where its
    difference is not significant, or `contradicted`. `table` has a head and rows of its numbers; `curves`
    says which ones it rests on: excess risk or learning curves on `task`, of `models` or of the best ones,
    or the effects of `component`.
    """

    id: str  # the anchor: it stays while the numbers change
    title: str
    sentence: str
    status: str
    evidence: Sequence[Link]
    table: Sequence[Sequence[str]] = ()
    curves: Curves | None = None
    task: str = ""
    models: Sequence[str] = ()
    component: str = ""

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


def with_interval(estimate: Estimate) -> str:
    """In points, `92.8 (92.2 to 93.4)`."""
    return f"{score(estimate.value)} {in_brackets(estimate)}".rstrip()


def change(effect: Effect) -> str:
    """A difference in points with its sign, `−1.4 (−1.8 to −0.9)`."""
    estimate = as_estimate(effect)
    return f"{signed(estimate)} {in_brackets(estimate)}".rstrip()


def in_brackets(estimate: Estimate) -> str:
    """A 95% interval; empty where there is none."""
    ends = interval(estimate)
    return f"({ends})" if ends else ""


def as_estimate(effect: Effect) -> Estimate:
    """An effect as a number with its interval."""
    return Estimate(value=effect.value, low=effect.low, high=effect.high, reason=None)


def p_text(p: float | None) -> str:
    """A p-value, in a sentence."""
    if p is None:
        return "no p-value"
    return f"p {three_digits(p)}" if p < LEAST_P else f"p = {three_digits(p)}"
