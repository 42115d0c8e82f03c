"""How much training runs of one model differ, from all models of a board together.

On a graded task the variance between runs is pooled over models: Σ (s − s̄)² over the runs of each, divided
by Σ (n − 1), which are its degrees of freedom. It is one number a task, so that every further run of any
model makes it surer. On an all-or-nothing task runs have two modes, which do not have one variance
(`icl_bench.ranking.modes`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class SeedVariance:
    """Between training runs of one model, on a task; NaN with 0 degrees where no model has two runs."""

    variance: float
    degrees: int


UNKNOWN = SeedVariance(np.nan, 0)


def pooled_variance(runs: Sequence[Float[np.ndarray, " _"]]) -> SeedVariance:
    """Of the values of each model's runs, by model."""
    degrees = sum(len(values) - 1 for values in runs)
    if degrees == 0:
        return UNKNOWN
    squares = sum(float(np.square(values - values.mean()).sum()) for values in runs)
    return SeedVariance(squares / degrees, degrees)
