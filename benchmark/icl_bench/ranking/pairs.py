"""What each model of a board brings to a paired difference, so that two small files are enough to compare any
two: `icl_bench.ranking.differences` without the errors of prompts.

The variance of a difference by prompts is that of the resampled gains of one minus those of the other. They
are kept as whole numbers of 16 bits around their mean: an error of a 65,000th of their range, far below what
a table shows. All else of a difference is a sum of what each of the two has on its own.
"""

from base64 import b64encode
from dataclasses import dataclass

import numpy as np

from icl_bench.ranking.sampled import Sampled

_LARGEST = 32_767  # of 16 bits


@dataclass(frozen=True)
class PairPart:
    """A model on one task. The parts of variance are as in `icl_bench.ranking.spread.Terms`."""

    seeds: float
    below: float
    above: float
    below_squares: float
    above_squares: float
    room_below: float
    room_above: float
    modes: bool  # whether its runs learn or not: two such models differ by prompts through their modes alone
    unit: float  # of a draw
    draws: (
        str  # the gain on each resample less their mean, in units: 16 bits each, the lower byte first; base64
    )

    @property
    def own(self) -> list[float]:
        """The parts of variance in their order, without those that are 0 on a graded task."""
        parts = (self.below, self.above, self.below_squares, self.above_squares)
        rooms = (self.room_below, self.room_above)
        return [self.seeds, *parts, *rooms] if any(parts) or any(rooms) else [self.seeds]


def pair_part(sampled: Sampled, place: int) -> PairPart | None:
    """That of one of the models that are sampled together; None where its gain has no interval."""
    if sampled.estimates[place].low is None:
        return None
    terms = sampled.terms([place], in_differences=True)
    centred = sampled.resampled[:, place] - sampled.resampled[:, place].mean()
    unit = float(np.abs(centred).max()) / _LARGEST or 1.0
    draws = np.rint(centred / unit).astype("<i2")
    return PairPart(
        float(terms.seeds[0, 0]),
        float(terms.below[0]),
        float(terms.above[0]),
        float(terms.below_squares[0]),
        float(terms.above_squares[0]),
        float(terms.room_below[0]),
        float(terms.room_above[0]),
        sampled.trained[place] and sampled.scale is not None,
        unit,
        b64encode(draws.tobytes()).decode("ascii"),
    )
