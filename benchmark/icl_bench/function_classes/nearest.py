"""Nearest neighbour: y is the label of the nearest of the first points of the prompt.

Prior: x uniform on {−1, 1}^d; the labels of the first `labelled` points are uniform on {−1, 1}, and a later
point has the label of the nearest of these: that of the largest x · x′, the first in a tie. No noise.
Exact predictor: 0 for the first points, then the label of the nearest of them.
Source: Bhattamishra et al. 2023 (arXiv 2310.03016), where models learn to be nearest neighbours.

One prompt with d = 3 and two labelled points:
x = (1, 1, 1) → −1, x = (−1, −1, 1) → 1, x = (−1, 1, −1) → ?, which is −1 (equally far from both).

>>> xs = np.array([[[1, 1, 1], [-1, -1, 1], [-1, 1, -1]]], np.float32)
>>> Nearest(dims=3, labelled=2).evaluate({"labels": np.array([[-1, 1]], np.int8)}, xs).ravel().tolist()
[-1.0, 1.0, -1.0]
"""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from icl_bench.function_classes.base import Inputs, Means, Parameters, RealInputs, Targets, Words
from icl_bench.function_classes.boolean import BooleanFunction
from icl_bench.function_classes.streams import sign_words, signs
from icl_bench.specs.suite import FUNCTION_CLASSES


@FUNCTION_CLASSES.register
class Nearest(BooleanFunction):
    """y = the label of the nearest of the first `labelled` points."""

    formula: ClassVar[str] = "y = the label of the nearest of the prompt's first points"
    prior: ClassVar[str] = "x uniform on {-1, 1}^d, labels of the first points uniform on {-1, 1}"

    type: Literal["nearest"] = "nearest"
    labelled: int = Field(ge=1, le=1_024)

    def words(self, points: int) -> int:
        """One bit a sign, in whole words, then one bit a label, in whole words."""
        return self.input_words(points) + sign_words(self.labelled)

    def sample(self, raw: Words, points: int) -> tuple[Inputs, Parameters]:
        """xs (prompts, points, d) and the parameter `labels` (prompts, labelled), int8."""
        labels = signs(raw[:, self.input_words(points) :], self.labelled)
        return self.uniform_inputs(raw, points), {"labels": labels}

    def evaluate(self, parameters: Parameters, xs: Inputs) -> Targets:
        """Targets (prompts, points, 1); coordinates that have been set to 0 do not count."""
        labels = parameters["labels"].astype(np.float32)[:, : xs.shape[1]]
        rest = nearest_label(xs[:, : self.labelled], labels, xs[:, self.labelled :])
        return np.concatenate([labels, rest], axis=1)[:, :, None]

    def prior_mean(self, xs: RealInputs) -> Means:
        """0: a labelling and its opposite are equally likely."""
        return np.zeros((*xs.shape[:2], 1))


def nearest_label(known: np.ndarray, labels: np.ndarray, xs: np.ndarray) -> np.ndarray:
    """The label (prompts, points) of what is nearest to xs (prompts, points, d) among the points `known`
    (prompts, known, d) of `labels` (prompts, known): of the largest inner product, the first in a tie."""
    nearest = (xs @ known.mT).argmax(axis=2)
    return np.take_along_axis(labels, nearest, axis=1)
