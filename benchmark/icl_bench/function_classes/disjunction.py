"""Disjunction: y is 1 where at least one of a few hidden literals is true, and −1 elsewhere.

Prior: each coordinate is absent with probability .7, a literal with .15 and a negated one with .15; a
disjunction without literals is false everywhere. x is uniform on {−1, 1}^d, and with probability .3 a point
is planted: its literals are made false. No noise.
Exact predictor: that of the conjunction of the negated literals, which holds where the disjunction fails,
with the other sign.
Source: Bhattamishra et al. 2023 (arXiv 2310.03016) and its code, github.com/satwik77/incontext-bool.

One prompt with d = 3, the first coordinate and the negated third:
x = (1, −1, 1) → 1, x = (−1, 1, 1) → −1, x = (−1, −1, −1) → ?, which is 1.

>>> xs = np.array([[[1, -1, 1], [-1, 1, 1], [-1, -1, -1]]], np.float32)
>>> Disjunction(dims=3).evaluate({"literals": np.array([[1, 0, -1]], np.int8)}, xs).ravel().tolist()
[1.0, -1.0, 1.0]
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
from icl_bench.function_classes.conjunction import LITERAL, PLANTED, truth_share
from icl_bench.specs.suite import FUNCTION_CLASSES


@FUNCTION_CLASSES.register
class Disjunction(BooleanFunction):
    """y = 1 where a literal is true, else −1."""

    formula: ClassVar[str] = "y = 1 where a literal of a hidden set is true, else -1"
    prior: ClassVar[str] = (
        "each coordinate absent .7, literal .15, negated .15; x uniform on {-1, 1}^d, and with probability "
        ".3 all literals made false"
    )
    inputs_inform: ClassVar[bool] = True

    type: Literal["disjunction"] = "disjunction"

    def words(self, points: int) -> int:
        """One bit a sign, in whole words, then one word a coordinate, then one a point."""
        return self.input_words(points) + self.dims + points

    def sample(self, raw: Words, points: int) -> tuple[Inputs, Parameters]:
        """xs (prompts, points, d) and the parameter `literals` (prompts, d), int8."""
        literals = draw_literals(raw[:, self.input_words(points) :][:, : self.dims], *LITERAL)
        planted = chosen(raw[:, -points:], *PLANTED)
        return plant(self.uniform_inputs(raw, points), -literals, planted), {"literals": literals}

    def evaluate(self, parameters: Parameters, xs: Inputs) -> Targets:
        """Targets (prompts, points, 1); literals of coordinates that have been set to 0 do not count."""
        return as_targets(~holds(-parameters["literals"], xs))

    def prior_mean(self, xs: RealInputs) -> Means:
        """E[y | x], that of a conjunction with the other sign: it is the same at every x."""
        return np.full((*xs.shape[:2], 1), 1 - 2 * truth_share(self.dims))
