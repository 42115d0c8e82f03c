"""Parity of any set: y is the product of some hidden coordinates of a sign vector.

Prior: x uniform on {−1, 1}^d; the hidden set is uniform over all 2^d subsets, the empty one (y = 1) among
them. No noise.
Exact predictor: the mean, over the subsets that reproduce the context, of their values at the query; the same
as solving the linear equations over the field of two elements.
Source: Bhattamishra et al. 2023 (arXiv 2310.03016), where it is what no model learns.

One prompt with d = 3 and the last two coordinates hidden:
x = (1, −1, 1) → −1, x = (−1, −1, −1) → 1, x = (1, 1, −1) → ?, which is −1.

>>> xs = np.array([[[1, -1, 1], [-1, -1, -1], [1, 1, -1]]], np.float32)
>>> ParityAny(dims=3).evaluate({"hidden": np.array([[-1, 1, 1]], np.int8)}, xs).ravel().tolist()
[-1.0, 1.0, -1.0]
"""

from typing import ClassVar, Literal

import numpy as np

from icl_bench.function_classes.base import Inputs, Means, Parameters, RealInputs, Targets, Words
from icl_bench.function_classes.boolean import BooleanFunction
from icl_bench.function_classes.streams import sign_words, signs
from icl_bench.specs.suite import FUNCTION_CLASSES


@FUNCTION_CLASSES.register
class ParityAny(BooleanFunction):
    """y = the product of the hidden coordinates of x."""

    formula: ClassVar[str] = "y = product of x_j over j in S, a hidden set of coordinates of any size"
    prior: ClassVar[str] = "x uniform on {-1, 1}^d, S uniform over all subsets"

    type: Literal["parity_any"] = "parity_any"

    def words(self, points: int) -> int:
        """One bit a sign, in whole words, then one bit a coordinate, in whole words."""
        return self.input_words(points) + sign_words(self.dims)

    def sample(self, raw: Words, points: int) -> tuple[Inputs, Parameters]:
        """xs (prompts, points, d) and the parameter `hidden` (prompts, d), int8: 1 in the set, −1 not."""
        hidden = signs(raw[:, self.input_words(points) :], self.dims)
        return self.uniform_inputs(raw, points), {"hidden": hidden}

    def evaluate(self, parameters: Parameters, xs: Inputs) -> Targets:
        """Targets (prompts, points, 1), 0 where a hidden coordinate of x has been set to 0."""
        factors = np.where(parameters["hidden"][:, None, :] > 0, xs, np.float32(1))
        return factors.prod(axis=2, keepdims=True, dtype=np.float32)

    def prior_mean(self, xs: RealInputs) -> Means:
        """The product of (1 + x_j) / 2: the mean over all sets of their product at x, 1 where all of x is."""
        return ((1 + xs.astype(np.float64)) / 2).prod(axis=2, keepdims=True)
