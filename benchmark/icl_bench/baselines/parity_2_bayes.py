"""The exact Bayes predictor of parities of two coordinates."""

from functools import lru_cache
from itertools import combinations
from math import comb
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


@BASELINES.register
class ParityTwoBayes(BooleanBayes):
    """The posterior mean over the products of all pairs of coordinates."""

    type: Literal["parity_2_bayes"] = "parity_2_bayes"
    summary: ClassVar[str] = "the posterior mean over all hidden pairs, exact for parity of two"
    serves: ClassVar[str] = "parity_2"

    def table_words(self, d: int) -> int:
        """One table a pair."""
        return comb(d, 2) * words_of(d)

    def hypotheses(self, d: int) -> Hypotheses:
        """Every pair of coordinates; none where there is one coordinate."""
        return _all_pairs(d)


@lru_cache(maxsize=2)
def _all_pairs(d: int) -> Hypotheses:
    first, second = np.array(list(combinations(range(d), 2)), int).reshape(-1, 2).T
    inputs = all_inputs(d)
    return uniform_hypotheses(packed((inputs[:, first] == inputs[:, second]).T))
