"""The exact Bayes predictor of conjunctions."""

from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np

from icl_bench.baselines.base import BASELINES
from icl_bench.baselines.boolean_bayes import (
    BooleanBayes,
    Hypotheses,
    all_literals,
    conjunction_tables,
    literals_prior,
    planted_inside,
    words_of,
)
from icl_bench.function_classes.conjunction import LITERAL, PLANTED


@BASELINES.register
class ConjunctionBayes(BooleanBayes):
    """The posterior mean over all 3^d conjunctions, of which planted points say something too."""

    type: Literal["conjunction_bayes"] = "conjunction_bayes"
    summary: ClassVar[str] = "the posterior mean over all conjunctions, exact for conjunctions"
    serves: ClassVar[str] = "conjunction"

    def table_words(self, d: int) -> int:
        """One table a conjunction."""
        return 3**d * words_of(d)

    def hypotheses(self, d: int) -> Hypotheses:
        """Every set of literals."""
        return all_conjunctions(d)


@lru_cache(maxsize=2)
def all_conjunctions(d: int) -> Hypotheses:
    """Every conjunction over d coordinates, each the source of its own inputs."""
    literals = all_literals(d)
    tables = conjunction_tables(literals)
    outside, inside = planted_inside(literals, PLANTED)
    return Hypotheses(
        tables=tables,
        prior=literals_prior(literals, LITERAL),
        source=np.arange(len(literals), dtype=np.int32),
        sets=tables,
        outside=outside,
        inside=inside,
    )
