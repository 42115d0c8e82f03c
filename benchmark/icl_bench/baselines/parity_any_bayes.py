"""The exact Bayes predictor of parities of any set."""

from functools import lru_cache
from typing import ClassVar, Literal

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
class ParityAnyBayes(BooleanBayes):
    """The posterior mean over the parities of all 2^d sets of coordinates."""

    type: Literal["parity_any_bayes"] = "parity_any_bayes"
    summary: ClassVar[str] = "the posterior mean over all hidden sets, exact for parity of any set"
    serves: ClassVar[str] = "parity_any"

    def table_words(self, d: int) -> int:
        """One table a set."""
        return 2**d * words_of(d)

    def hypotheses(self, d: int) -> Hypotheses:
        """Every set of coordinates, the empty one among them."""
        return _all_parities(d)


@lru_cache(maxsize=2)
def _all_parities(d: int) -> Hypotheses:
    inputs = all_inputs(d)
    negative = (inputs > 0).astype(int) @ (inputs < 0).T.astype(int)  # [set, input]: how many of them
    return uniform_hypotheses(packed(negative % 2 == 0))
