"""The exact Bayes predictor of majorities."""

from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np

from icl_bench.baselines.base import BASELINES
from icl_bench.baselines.boolean_bayes import (
    BooleanBayes,
    Hypotheses,
    all_inputs,
    packed,
    uniform_hypotheses,
    words_of,
)
from icl_bench.function_classes.majority import COUNTED


@BASELINES.register
class MajorityBayes(BooleanBayes):
    """The posterior mean over all 2^d sets of coordinates that may count."""

    type: Literal["majority_bayes"] = "majority_bayes"
    summary: ClassVar[str] = "the posterior mean over all sets that may count, exact for majorities"
    serves: ClassVar[str] = "majority"

    def table_words(self, d: int) -> int:
        """One table a set."""
        return 2**d * words_of(d)

    def hypotheses(self, d: int) -> Hypotheses:
        """Every set of coordinates."""
        return _all_majorities(d)


@lru_cache(maxsize=2)
def _all_majorities(d: int) -> Hypotheses:
    inputs = all_inputs(d).astype(np.int64)
    counted = inputs > 0  # a set for every number too
    share = COUNTED[0] / COUNTED[1]
    prior = np.where(counted, share, 1 - share).prod(axis=1)
    return uniform_hypotheses(packed(counted @ inputs.T > 0), prior)
