"""Which points of a prompt the score sums over: `scored` of a task, and all that follows from it.

`all` is every point, `last` the last one. A list, as `[3, 7, 11]`, holds context lengths: how many examples
stand before the point that is answered, 0 for the first. Points that are not scored do not change a score.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from icl_bench.specs.fault_words import short_value
from icl_bench.specs.schema import PlacedError

_SHOWN = 4  # context lengths of a list that are written out


def _read_scored(value: Any) -> Any:
    """The value itself; PlacedError where it is neither a word nor a list of increasing context lengths."""
    if isinstance(value, str) and value in ("all", "last"):
        return value
    if not isinstance(value, list) or not all(type(length) is int and length >= 0 for length in value):
        raise PlacedError(
            (),
            f"write all, last, or a list of context lengths as [3, 7, 11] (given: {short_value(value)})",
            "no-scored",
        )
    if not value:
        raise PlacedError(
            (), "the list is empty, so nothing is scored; name a context length", "nothing-scored"
        )
    for before, after in pairwise(value):
        if after <= before:
            raise PlacedError(
                (),
                f"{after} comes after {before}; write each context length once, in increasing order",
                "scored-order",
            )
    return value


Scored = Annotated[Literal["all", "last"] | list[int], BeforeValidator(_read_scored)]


def check_scored(scored: Literal["all", "last"] | list[int], points: int) -> None:
    """PlacedError where a context length is not one of a prompt of so many points."""
    if isinstance(scored, list) and scored[-1] >= points:
        raise PlacedError(
            ("scored",),
            f"{scored[-1]} is no context length of {points} points; write numbers from 0 to {points - 1}",
            "scored-out-of-range",
        )


@dataclass(frozen=True)
class ScoredPoints:
    """The points that a score sums over, of prompts of `points` points."""

    scored: Literal["all", "last"] | list[int]
    points: int

    @cached_property
    def positions(self) -> tuple[int, ...]:
        """Their context lengths, in increasing order; of a list those that the prompt has."""
        if self.scored == "all":
            return tuple(range(self.points))
        if self.scored == "last":
            return (self.points - 1,)
        return tuple(length for length in self.scored if length < self.points)

    @property
    def count(self) -> int:
        """How many are scored of a prompt."""
        return len(self.positions)

    @property
    def every(self) -> bool:
        """Whether there is no other point."""
        return self.count == self.points

    @property
    def runs(self) -> list[slice]:
        """The positions as slices of neighbours, in their order."""
        slices: list[slice] = []
        for position in self.positions:
            if slices and slices[-1].stop == position:
                slices[-1] = slice(slices[-1].start, position + 1)
            else:
                slices.append(slice(position, position + 1))
        return slices

    def of_first(self, points: int) -> "ScoredPoints":
        """Of prompts that end after their first `points` points: `last` is then the last one of these."""
        return ScoredPoints(self.scored, points)

    def total(self, curve: Sequence[float]) -> float:
        """The sum over the scored context lengths of an error curve, which has a number a point."""
        return sum(curve[position] for position in self.positions)

    def in_words(self, every: str, last: str, listed: str = "{}") -> str:
        """`every` or `last` where that is what is scored, else `listed` around the context lengths."""
        if self.every:
            return every
        return last if self.positions == (self.points - 1,) else listed.format(_in_short(self.positions))

    def __str__(self) -> str:
        return self.in_words("all", "last")


def _in_short(positions: Sequence[int]) -> str:
    """`3, 7 and 11`; of a long list the first ones, and how many more there are."""
    shown = [str(position) for position in positions]
    if len(shown) > _SHOWN + 1:
        shown[_SHOWN:] = [f"{len(shown) - _SHOWN} more"]
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else shown[0]
