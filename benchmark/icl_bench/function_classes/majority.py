"""Majority: y is 1 where more of a few hidden coordinates are 1 than are −1, and −1 elsewhere.

Prior: each coordinate counts with probability .3; x is uniform on {−1, 1}^d. No noise.
Exact predictor: the mean, over the sets of coordinates that reproduce the context, weighed by their prior, of
their values at the query.
Source: Bhattamishra et al. 2023 (arXiv 2310.03016) and its code, github.com/satwik77/incontext-bool.

One prompt with d = 4, of which all but the last coordinate count:
x = (1, −1, 1, −1) → 1, x = (−1, 1, −1, 1) → −1, x = (1, 1, −1, −1) → ?, which is 1.

>>> xs = np.array([[[1, -1, 1, -1], [-1, 1, -1, 1], [1, 1, -1, -1]]], np.float32)
>>> Majority(dims=4).evaluate({"counted": np.array([[1, 1, 1, 0]], np.int8)}, xs).ravel().tolist()
[1.0, -1.0, 1.0]
"""

from typing import ClassVar, Literal

import numpy as np

from icl_bench.function_classes.base import Inputs, Means, Parameters, RealInputs, Targets, Words
from icl_bench.function_classes.boolean import BooleanFunction, as_targets
from icl_bench.function_classes.streams import uniform_index
from icl_bench.specs.suite import FUNCTION_CLASSES

COUNTED = (3, 10)  # the probability of a coordinate


@FUNCTION_CLASSES.register
class Majority(BooleanFunction):
    """y = sign(Σ x_j − 1/2) over the coordinates that count."""

    formula: ClassVar[str] = "y = sign(sum of x_j over j in S - 1/2), S a hidden set of coordinates"
    prior: ClassVar[str] = "x uniform on {-1, 1}^d, each coordinate in S with probability .3"

    type: Literal["majority"] = "majority"

    def words(self, points: int) -> int:
        """One bit a sign, in whole words, then one word a coordinate."""
        return self.input_words(points) + self.dims

    def sample(self, raw: Words, points: int) -> tuple[Inputs, Parameters]:
        """xs (prompts, points, d) and the parameter `counted` (prompts, d), int8: 1 where it counts."""
        share, whole = COUNTED
        counted = uniform_index(raw[:, self.input_words(points) :], whole) < share
        return self.uniform_inputs(raw, points), {"counted": counted.astype(np.int8)}

    def evaluate(self, parameters: Parameters, xs: Inputs) -> Targets:
        """Targets (prompts, points, 1) of the signs of x; coordinates that are 0 do not count."""
        return as_targets((parameters["counted"][:, None, :] * np.sign(xs)).sum(axis=2) > 0.5)

    def prior_mean(self, xs: RealInputs) -> Means:
        """2 P(A > B) − 1, where A of the coordinates of x above 0 count and B of those below."""
        share = COUNTED[0] / COUNTED[1]
        counts = np.zeros((self.dims + 1, self.dims + 1))  # [m, a]: how likely a of m coordinates count
        counts[0, 0] = 1.0
        for m in range(self.dims):
            counts[m + 1] = (1 - share) * counts[m]
            counts[m + 1, 1:] += share * counts[m, :-1]
        fewer = counts.cumsum(axis=1) - counts
        more = counts @ fewer.T  # [p, q]: how likely more of p count than of q
        return 2 * more[(xs > 0).sum(axis=2), (xs < 0).sum(axis=2)][:, :, None] - 1
