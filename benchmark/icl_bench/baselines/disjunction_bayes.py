"""The exact Bayes predictor of disjunctions."""

from dataclasses import replace
from functools import lru_cache
from typing import ClassVar, Literal

from icl_bench.baselines.base import BASELINES
from icl_bench.baselines.boolean_bayes import BooleanBayes, Hypotheses, words_of
from icl_bench.baselines.conjunction_bayes import all_conjunctions


@BASELINES.register
class DisjunctionBayes(BooleanBayes):
    """The posterior mean over all 3^d disjunctions: each fails where the conjunction of its negated literals
    holds, which has the same prior, and whose points are planted in the same way."""

    type: Literal["disjunction_bayes"] = "disjunction_bayes"
    summary: ClassVar[str] = "the posterior mean over all disjunctions, exact for disjunctions"
    serves: ClassVar[str] = "disjunction"

    def table_words(self, d: int) -> int:
        """One table a disjunction."""
        return 3**d * words_of(d)

    def hypotheses(self, d: int) -> Hypotheses:
        """Every set of literals."""
        return _all_disjunctions(d)


@lru_cache(maxsize=2)
def _all_disjunctions(d: int) -> Hypotheses:
    conjunctions = all_conjunctions(d)
    return replace(conjunctions, tables=~conjunctions.tables)
