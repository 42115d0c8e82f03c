"""The exact Bayes predictor of disjunctions of conjunctions."""

from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float64
from pydantic import Field

from icl_bench.baselines.base import BASELINES
from icl_bench.baselines.boolean_bayes import (
    Bits,
    BooleanBayes,
    Hypotheses,
    all_literals,
    conjunction_tables,
    literals_prior,
    planted_inside,
    words_of,
)
from icl_bench.errors import InputError
from icl_bench.function_classes.dnf import LITERAL, PLANTED

MAX_COMBINATIONS = 2**24  # of clauses: 3^15 are three over 5 coordinates

Weighed = tuple[Bits, Float64[np.ndarray, " tables"]]


@BASELINES.register
class DNF3Bayes(BooleanBayes):
    """The posterior mean over all pairs of a planted clause and a truth table.

    Inputs depend on the planted clause alone and targets on the table alone. So the clauses that stand beside
    the planted one are put together where they make the same table, and their priors added up.
    """

    type: Literal["dnf3_bayes"] = "dnf3_bayes"
    summary: ClassVar[str] = "the posterior mean over all truth tables of its clauses, exact for DNF"
    serves: ClassVar[str] = "dnf"
    cheap: ClassVar[bool] = False
    clauses: int = Field(ge=1)

    def table_words(self, d: int) -> int:
        """Of the planted clauses; InputError where there are too many combinations of clauses."""
        if 3 ** (d * self.clauses) > MAX_COMBINATIONS:
            raise InputError(
                f"{self.type} would follow {3 ** (d * self.clauses):,} sets of {self.clauses} clauses over "
                f"{d} coordinates; up to {MAX_COMBINATIONS:,} are accepted",
                code="too-many-hypotheses",
            )
        return 3**d * words_of(d)

    def hypotheses(self, d: int) -> Hypotheses:
        """Every planted clause with every distinct table that it may be a part of."""
        return _all_pairs(d, self.clauses)


@lru_cache(maxsize=2)
def _all_pairs(d: int, clauses: int) -> Hypotheses:
    literals = all_literals(d)
    sets, prior = conjunction_tables(literals), literals_prior(literals, LITERAL)
    rest: Weighed = (np.zeros((1, sets.shape[1]), np.uint64), np.ones(1))
    for _ in range(clauses - 1):
        joined = (sets[:, None] | rest[0]).reshape(-1, sets.shape[1])
        rest = _distinct(joined, np.outer(prior, rest[1]).ravel())
    pairs = [_distinct(clause | rest[0], share * rest[1]) for clause, share in zip(sets, prior, strict=True)]
    outside, inside = planted_inside(literals, PLANTED)
    return Hypotheses(
        tables=np.concatenate([tables for tables, _ in pairs]),
        prior=np.concatenate([weights for _, weights in pairs]),
        source=np.repeat(np.arange(len(sets), dtype=np.int32), [len(weights) for _, weights in pairs]),
        sets=sets,
        outside=outside,
        inside=inside,
    )


def _distinct(tables: Bits, weights: Float64[np.ndarray, " joined"]) -> Weighed:
    """Each table once, with the sum of its weights."""
    if tables.shape[1] == 1:  # sooner than by rows
        distinct, place = np.unique(tables[:, 0], return_inverse=True)
        return distinct[:, None], np.bincount(place, weights)
    distinct, place = np.unique(tables, axis=0, return_inverse=True)
    return distinct, np.bincount(place.ravel(), weights)
