"""Conjunction: y is 1 where all of a few hidden literals are true, and −1 elsewhere.

Prior: each coordinate is absent with probability .7, a literal with .15 and a negated one with .15; a
conjunction without literals is true everywhere. x is uniform on {−1, 1}^d, and with probability .3 a point is
planted: its literals are made true. No noise.
Exact predictor: planting makes inputs informative, so that a conjunction h is weighed by its prior times the
product of p(x_i | h) = .7 · 2^−d + .3 · 1[h(x_i)] / |{x : h(x)}|, over those that reproduce the context.
Source: Bhattamishra et al. 2023 (arXiv 2310.03016) and its code, github.com/satwik77/incontext-bool.

One prompt with d = 3, the first coordinate and the negated third:
x = (1, −1, 1) → −1, x = (1, 1, −1) → 1, x = (−1, −1, −1) → ?, which is −1.

>>> xs = np.array([[[1, -1, 1], [1, 1, -1], [-1, -1, -1]]], np.float32)
>>> Conjunction(dims=3).evaluate({"literals": np.array([[1, 0, -1]], np.int8)}, xs).ravel().tolist()
[-1.0, 1.0, -1.0]
"""

from typing import ClassVar, Literal

import numpy as np

from icl_bench.function_classes.base import Inputs, Means, Parameters, RealInputs, Targets, Words
from icl_bench.function_classes.boolean import (
    BooleanFunction,
    as_targets,
    chosen,
    draw_literals,
    holds,
    plant,
)
from icl_bench.specs.suite import FUNCTION_CLASSES

LITERAL = (3, 20)  # the probability of a coordinate, and that of its negation
PLANTED = (3, 10)  # of a point


@FUNCTION_CLASSES.register
class Conjunction(BooleanFunction):
    """y = 1 where all literals are true, else −1."""

    formula: ClassVar[str] = "y = 1 where all literals of a hidden set are true, else -1"
    prior: ClassVar[str] = (
        "each coordinate absent .7, literal .15, negated .15; x uniform on {-1, 1}^d, and with probability "
        ".3 all literals made true"
    )
    inputs_inform: ClassVar[bool] = True

    type: Literal["conjunction"] = "conjunction"

    def words(self, points: int) -> int:
        """One bit a sign, in whole words, then one word a coordinate, then one a point."""
        return self.input_words(points) + self.dims + points

    def sample(self, raw: Words, points: int) -> tuple[Inputs, Parameters]:
        """xs (prompts, points, d) and the parameter `literals` (prompts, d), int8."""
        literals = draw_literals(raw[:, self.input_words(points) :][:, : self.dims], *LITERAL)
        planted = chosen(raw[:, -points:], *PLANTED)
        return plant(self.uniform_inputs(raw, points), literals, planted), {"literals": literals}

    def evaluate(self, parameters: Parameters, xs: Inputs) -> Targets:
        """Targets (prompts, points, 1); literals of coordinates that have been set to 0 do not count."""
        return as_targets(holds(parameters["literals"], xs))

    def prior_mean(self, xs: RealInputs) -> Means:
        """E[y | x], where x itself says something of the function. The prior stays the same if signs are
        flipped, so that every x is as likely, and the conjunction holds at each with probability
        .3 + .7 · .85^d: where it is planted, and where no coordinate is a false literal."""
        return np.full((*xs.shape[:2], 1), 2 * truth_share(self.dims) - 1)


def truth_share(d: int) -> float:
    """How likely a conjunction holds at a point of its prompt, whatever x is."""
    literal, planted = LITERAL[0] / LITERAL[1], PLANTED[0] / PLANTED[1]
    return planted + (1 - planted) * (1 - literal) ** d
