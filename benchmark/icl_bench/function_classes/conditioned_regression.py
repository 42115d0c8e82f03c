"""Linear regression of a condition number: y = w · x, with inputs of another size in each direction.

Prior: x = Σ^½ z, z ~ N(0, I_d), w ~ N(0, I_d). Σ = U diag(λ) Uᵀ is the prompt's own: U uniform, λ_1 = 1,
λ_d = 1/κ, those between log-uniform in [1/κ, 1], and κ log-uniform in [least, most]. Inputs and weights are
rounded to odd multiples of 2^-13, which adds less than 2^-27 to each λ. No noise.
Exact predictor: under the continuous prior w ~ N(0, I), whatever the inputs, so that least squares of minimum
norm is the posterior mean at every context length.
Source: Gatmiry et al. 2024, "On the role of depth and looping for in-context learning with task diversity"
(arXiv 2410.21698), whose tasks are between condition numbers of 1 and κ.

One prompt with w = (1, −2) and κ = 16, along the axes: x = (3, 0.25) → 2.5, x = (1, 0) → ?, which is 1.

>>> w, xs = np.array([[1, -2]], np.float32), np.array([[[3, 0.25], [1, 0]]], np.float32)
>>> ConditionedRegression(dims=2, least=16, most=16).evaluate({"w": w}, xs).ravel().tolist()
[2.5, 1.0]
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
)
from icl_bench.function_classes.linear_regression import linear_targets
from icl_bench.function_classes.streams import (
    GRID,
    grid_normals,
    on_grid,
    rounded_to_grid,
    uniform_rotations,
    uniforms,
)
from icl_bench.specs.suite import FUNCTION_CLASSES


@FUNCTION_CLASSES.register
class ConditionedRegression(FunctionClass):
    """y = w · x, with w dense and x of a covariance that is hard to invert."""

    formula: ClassVar[str] = "y = w · x"
    prior: ClassVar[str] = (
        "x ~ N(0, Σ), eigenvalues of Σ from 1/κ to 1, log-uniform between; κ log-uniform; w ~ N(0, I)"
    )

    type: Literal["conditioned_regression"] = "conditioned_regression"
    dims: int = Field(ge=2, le=1_024)
    least: int = Field(ge=1, le=10_000)  # κ at least
    most: int = Field(ge=1, le=10_000)  # and at most

    @model_validator(mode="after")
    def _range_is_one(self) -> "ConditionedRegression":
        if self.most < self.least:
            raise ValueError(f"most is {self.most} and least {self.least}; exchange them")
        return self

    @property
    def d(self) -> int:
        """Dimensions of an input."""
        return self.dims

    def words(self, points: int) -> int:
        """One a number of z, of w and of the rotation, one for κ, and one a size between the outermost."""
        return (points + 1) * self.dims + self.dims**2 + 1 + self.dims - 2

    def sample(self, raw: Words, points: int) -> tuple[Inputs, Parameters]:
        """xs (prompts, points, d) and the parameter `w` (prompts, d)."""
        ends = np.cumsum([points * self.dims, self.dims, self.dims**2, 1])
        inputs, weights, rotation, condition, between = np.split(raw, ends, axis=1)
        z = grid_normals(inputs).reshape(len(raw), points, self.dims) * GRID
        turns = uniform_rotations(rotation, self.dims)
        roots = (turns * self._sizes(uniforms(condition), uniforms(between))[:, None]) @ turns.mT
        return rounded_to_grid(z @ roots), {"w": on_grid(grid_normals(weights))}

    def _sizes(self, condition: np.ndarray, between: np.ndarray) -> np.ndarray:
        """√λ (prompts, d), of uniform numbers (prompts, 1) and (prompts, d − 2)."""
        logs = np.log(self.least) + condition * (np.log(self.most) - np.log(self.least))
        shares = np.concatenate([np.zeros_like(condition), between, np.ones_like(condition)], axis=1)
        return np.exp(-logs * shares / 2)

    def evaluate(self, parameters: Parameters, xs: Inputs) -> Targets:
        """Targets (prompts, points, 1)."""
        return linear_targets(parameters["w"], xs)

    def prior_mean(self, xs: RealInputs) -> Means:
        """0: w and −w are equally likely."""
        return np.zeros((*xs.shape[:2], self.k))
