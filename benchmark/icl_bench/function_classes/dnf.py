"""DNF: y is 1 where at least one of a few hidden conjunctions holds, and −1 elsewhere.

Prior: `clauses` conjunctions; in each, every coordinate is absent with probability .8, a literal with .1 and
a negated one with .1. x is uniform on {−1, 1}^d, and with probability .35 a point is planted: the literals of
one clause, chosen uniformly once a prompt, are made true. No noise.
Exact predictor: pairs of a planted clause c and a truth table are weighed by their prior times the product of
p(x_i | c) = .65 · 2^−d + .35 · 1[c(x_i)] / |{x : c(x)}|, over the tables that reproduce the context.
Source: Bhattamishra et al. 2023 (arXiv 2310.03016) and its code, github.com/satwik77/incontext-bool.

One prompt with d = 3 and two clauses, the first two coordinates, and the negated third:
x = (1, −1, 1) → −1, x = (1, 1, 1) → 1, x = (−1, 1, −1) → ?, which is 1.

>>> xs = np.array([[[1, -1, 1], [1, 1, 1], [-1, 1, -1]]], np.float32)
>>> parameters = {"clauses": np.array([[[1, 1, 0], [0, 0, -1]]], np.int8), "planted": np.array([0], np.int32)}
>>> DNF(dims=3, clauses=2).evaluate(parameters, xs).ravel().tolist()
[-1.0, 1.0, 1.0]
"""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from icl_bench.function_classes.base import Inputs, Means, Parameters, RealInputs, Targets, Words
from icl_bench.function_classes.boolean import (
    BooleanFunction,
    as_targets,
    chosen,
    draw_literals,
    holds,
    plant,
)
from icl_bench.function_classes.streams import uniform_index
from icl_bench.specs.suite import FUNCTION_CLASSES

LITERAL = (1, 10)  # the probability of a coordinate in a clause, and that of its negation
PLANTED = (7, 20)  # of a point


@FUNCTION_CLASSES.register
class DNF(BooleanFunction):
    """y = 1 where one of `clauses` conjunctions holds, else −1."""

    formula: ClassVar[str] = "y = 1 where one of a few hidden conjunctions holds, else -1"
    prior: ClassVar[str] = (
        "in each clause, each coordinate absent .8, literal .1, negated .1; x uniform on {-1, 1}^d, and with "
        "probability .35 one clause, chosen once a prompt, made true"
    )
    inputs_inform: ClassVar[bool] = True

    type: Literal["dnf"] = "dnf"
    clauses: int = Field(ge=1, le=16)

    def words(self, points: int) -> int:
        """One bit a sign, in whole words, one word a coordinate of a clause, one for the clause that is
        planted, and one a point."""
        return self.input_words(points) + self.clauses * self.dims + 1 + points

    def sample(self, raw: Words, points: int) -> tuple[Inputs, Parameters]:
        """xs (prompts, points, d) and the parameters `clauses` (prompts, clauses, d), int8, and `planted`
        (prompts,), int32: the index of the clause."""
        own = raw[:, self.input_words(points) :]
        size = self.clauses * self.dims
        clauses = draw_literals(own[:, :size], *LITERAL).reshape(len(raw), self.clauses, self.dims)
        index = uniform_index(own[:, size], self.clauses).astype(np.int32)
        planted = chosen(own[:, size + 1 :], *PLANTED)
        xs = plant(self.uniform_inputs(raw, points), clauses[np.arange(len(raw)), index], planted)
        return xs, {"clauses": clauses, "planted": index}

    def evaluate(self, parameters: Parameters, xs: Inputs) -> Targets:
        """Targets (prompts, points, 1); literals of coordinates that have been set to 0 do not count."""
        clauses = np.moveaxis(parameters["clauses"], 1, 0)
        return as_targets(np.any([holds(clause, xs) for clause in clauses], axis=0))

    def prior_mean(self, xs: RealInputs) -> Means:
        """E[y | x], where x itself says something of the function. The prior stays the same if signs are
        flipped, so that every x is as likely: y is 1 where the point is planted, and else where one of the
        clauses has no false literal."""
        planted, literal = PLANTED[0] / PLANTED[1], LITERAL[0] / LITERAL[1]
        true = planted + (1 - planted) * (1 - (1 - (1 - literal) ** self.dims) ** self.clauses)
        return np.full((*xs.shape[:2], 1), 2 * true - 1)
