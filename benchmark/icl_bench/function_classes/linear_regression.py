"""Linear regression: y = w · x.

Prior: x ~ N(0, I_d), w ~ N(0, I_d), both rounded to odd multiples of 2^-13. No noise.
Exact predictor: under the continuous prior, least squares of minimum norm is the posterior mean at every
context length (for i < d the posterior of w is N(w_min-norm, projection off the rows of X)). The grid says
more of w than that (tests/baselines/test_grid.py).
Source: Garg et al. 2022 (arXiv 2208.01066), section 3; sizes from Campbell et al. 2024 (arXiv 2411.03945).

One prompt with w = (1, −2): x = (3, 1) → 1, x = (0.5, 0.25) → 0, x = (0, 1) → ?, which is −2.

>>> w = np.array([[1, -2]], np.float32)
>>> xs = np.array([[[3, 1], [0.5, 0.25], [0, 1]]], np.float32)
>>> LinearRegression(dims=2).evaluate({"w": w}, xs).ravel().tolist()
[1.0, 0.0, -2.0]
"""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float32
from pydantic import Field

from icl_bench.function_classes.base import (
    FunctionClass,
    Inputs,
    Means,
    Parameters,
    RealInputs,
    Targets,
    Words,
)
from icl_bench.function_classes.streams import GRID, grid_normals, grid_units, on_grid
from icl_bench.specs.suite import FUNCTION_CLASSES

Vectors = Float32[np.ndarray, "prompts d"]


@FUNCTION_CLASSES.register
class LinearRegression(FunctionClass):
    """y = w · x, with w dense."""

    formula: ClassVar[str] = "y = w · x"
    prior: ClassVar[str] = "x ~ N(0, I), w ~ N(0, I)"

    type: Literal["linear_regression"] = "linear_regression"
    dims: int = Field(ge=1, le=1_024)

    @property
    def d(self) -> int:
        """Dimensions of an input."""
        return self.dims

    def words(self, points: int) -> int:
        """One word a number: the inputs, then w."""
        return (points + 1) * self.dims

    def sample(self, raw: Words, points: int) -> tuple[Inputs, Parameters]:
        """xs (prompts, points, d) and the parameter `w` (prompts, d)."""
        numbers = on_grid(grid_normals(raw)).reshape(len(raw), points + 1, self.dims)
        return numbers[:, :points].copy(), {"w": numbers[:, points].copy()}

    def evaluate(self, parameters: Parameters, xs: Inputs) -> Targets:
        """Targets (prompts, points, 1)."""
        return linear_targets(parameters["w"], xs)

    def prior_mean(self, xs: RealInputs) -> Means:
        """0: w and −w are equally likely."""
        return np.zeros((*xs.shape[:2], self.k))


def linear_targets(w: Vectors, xs: Inputs) -> Targets:
    """w · x for w (prompts, d) and xs (prompts, points, d), exact until the rounding: (prompts, points, 1).

    In units of 2^-26 a product is an integer below 2^37 and a sum of 1,024 of them stays below 2^53, so
    float64 holds every partial sum whatever the order of summation.
    """
    sums = np.matmul(grid_units(xs), grid_units(w)[:, :, None])
    return (sums * GRID**2).astype(np.float32)
