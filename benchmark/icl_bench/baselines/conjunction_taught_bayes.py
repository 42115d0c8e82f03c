"""The exact Bayes predictor of conjunctions whose prompts begin with a teaching sequence."""

from dataclasses import replace
from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np

from icl_bench.baselines.base import BASELINES
from icl_bench.baselines.boolean_bayes import BooleanBayes, Hypotheses, all_literals, words_of
from icl_bench.baselines.conjunction_bayes import all_conjunctions
from icl_bench.function_classes.conjunction_taught import teaching_sequence


@BASELINES.register
class ConjunctionTaughtBayes(BooleanBayes):
    """The posterior mean over all 3^d conjunctions, each of which begins a prompt with its own sequence."""

    type: Literal["conjunction_taught_bayes"] = "conjunction_taught_bayes"
    summary: ClassVar[str] = (
        "the posterior mean over all conjunctions and what they teach, exact for taught conjunctions"
    )
    serves: ClassVar[str] = "conjunction_taught"

    def table_words(self, d: int) -> int:
        """One table a conjunction."""
        return 3**d * words_of(d)

    def hypotheses(self, d: int) -> Hypotheses:
        """Every set of literals."""
        return _taught_conjunctions(d)


@lru_cache(maxsize=2)
def _taught_conjunctions(d: int) -> Hypotheses:
    literals = all_literals(d)
    taught = teaching_sequence(literals, np.zeros((len(literals), d + 2, d), np.float32))
    codes = ((taught > 0) << np.arange(d)).sum(axis=2).astype(np.int32)
    drawn = np.arange(d + 2) >= 2 + (literals != 0).sum(axis=1, keepdims=True)
    return replace(all_conjunctions(d), given=np.where(drawn, np.int32(-1), codes))
