"""Sparse linear regression: y = w · x, with all but a few coordinates of w equal to 0.

Prior: x ~ N(0, I_d); the support of w is uniform over the C(d, sparsity) subsets; w on it ~ N(0, I); all
rounded to odd multiples of 2^-13, so a kept coordinate is never 0. No noise.
Exact predictor: under the continuous prior, the average of the minimum-norm fits of all supports, weighted by
their evidence. The grid says more of w than that (tests/baselines/test_grid.py).
Source: Garg et al. 2022 (arXiv 2208.01066), section 4; sizes from Campbell et al. 2024 (arXiv 2411.03945).

One prompt with d = 3, w = (0, 0, 2):
x = (1, 1, 1) → 2, x = (4, −1, 0.5) → 1, x = (1, 0, −1) → ?, which is −2.

>>> w = np.array([[0, 0, 2]], np.float32)
>>> xs = np.array([[[1, 1, 1], [4, -1, 0.5], [1, 0, -1]]], np.float32)
>>> SparseLinearRegression(dims=3, sparsity=1).evaluate({"w": w}, xs).ravel().tolist()
[2.0, 1.0, -2.0]
"""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from icl_bench.function_classes.base import (
    FunctionClass,
    Inputs,
    Means,
    Parameters,
    RealInputs,
    Targets,
    Words,
    hide_inactive,
)
from icl_bench.function_classes.linear_regression import linear_targets
from icl_bench.function_classes.streams import grid_normals, on_grid, random_subset
from icl_bench.specs.suite import FUNCTION_CLASSES


@FUNCTION_CLASSES.register
class SparseLinearRegression(FunctionClass):
    """y = w · x, with `sparsity` coordinates of w kept."""

    formula: ClassVar[str] = "y = w · x, w zero outside a support S of `sparsity` coordinates"
    prior: ClassVar[str] = "x ~ N(0, I), S uniform over the subsets of that size, w on S ~ N(0, I)"

    type: Literal["sparse_linear_regression"] = "sparse_linear_regression"
    dims: int = Field(ge=1, le=1_024)
    sparsity: int = Field(ge=1)

    @model_validator(mode="after")
    def _support_fits(self) -> "SparseLinearRegression":
        if self.sparsity > self.dims:
            raise ValueError(f"sparsity {self.sparsity} exceeds dims {self.dims}; keep at most {self.dims}")
        return self

    @property
    def d(self) -> int:
        """Dimensions of an input."""
        return self.dims

    def words(self, points: int) -> int:
        """One word a number: the inputs, the kept coordinates of w, then the draws of the support."""
        return points * self.dims + 2 * self.sparsity

    def sample(self, raw: Words, points: int) -> tuple[Inputs, Parameters]:
        """xs (prompts, points, d) and the parameter `w` (prompts, d), whose non-zeros are the support."""
        return self._sample(raw, points, self.dims)

    def sample_active(self, raw: Words, points: int, active: int) -> tuple[Inputs, Parameters]:
        """The support is drawn from the active coordinates (all of them where fewer than `sparsity` are), as
        by Garg et al. (src/tasks.py of github.com/dtsip/in-context-learning, `valid_coords`) and Campbell et
        al. (src/function_classes/linear.py of github.com/in-context-learning-2024/in-context)."""
        xs, parameters = self._sample(raw, points, active)
        return hide_inactive(xs, active), parameters

    def _sample(self, raw: Words, points: int, active: int) -> tuple[Inputs, Parameters]:
        inputs, kept = points * self.dims, min(self.sparsity, active)
        numbers = on_grid(grid_normals(raw[:, : inputs + self.sparsity]))
        support = random_subset(raw[:, inputs + self.sparsity :][:, :kept], active)
        w = np.zeros((len(raw), self.dims), np.float32)
        np.put_along_axis(w, support, numbers[:, inputs : inputs + kept], axis=1)
        return numbers[:, :inputs].reshape(len(raw), points, self.dims).copy(), {"w": w}

    def evaluate(self, parameters: Parameters, xs: Inputs) -> Targets:
        """Targets (prompts, points, 1)."""
        return linear_targets(parameters["w"], xs)

    def prior_mean(self, xs: RealInputs) -> Means:
        """0: w and −w are equally likely."""
        return np.zeros((*xs.shape[:2], self.k))
