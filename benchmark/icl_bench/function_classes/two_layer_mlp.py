"""Two-layer MLP regression: y = W2 · relu(W1ᵀ x), without biases and without rescaling.

Prior: x ~ N(0, I_d), every entry of W1 and W2 ~ N(0, 1), all rounded to odd multiples of 2^-13. No noise.
The mean square of y is d · width / 2.
Best-known predictor: the posterior mean of the Gaussian process with the arc-cosine kernel, which is the
exact prior covariance at any width, so it is the best among the predictors linear in the observed y. One
that is not linear is a little better (tests/baselines/test_beyond_nngp.py).
Source: Garg et al. 2022 (arXiv 2208.01066), section 5; sizes from Campbell et al. 2024 (arXiv 2411.03945).

One prompt with d = 1, width 2, W1 = (1, −1), W2 = (2, 3): x = 1 → 2, x = −1 → 3, x = 0.5 → ?, which is 1.

>>> parameters = {"W1": np.array([[[1, -1]]], np.float32), "W2": np.array([[2, 3]], np.float32)}
>>> xs = np.array([[[1], [-1], [0.5]]], np.float32)
>>> TwoLayerMLP(dims=1, width=2).evaluate(parameters, xs).ravel().tolist()
[2.0, 3.0, 1.0]
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
from icl_bench.function_classes.streams import (
    GRID,
    GRID_LIMIT,
    SHIFTED_LIMIT,
    grid_normals,
    grid_units,
    on_grid,
)
from icl_bench.specs.suite import FUNCTION_CLASSES

_MOST_TERMS = (2**63 - 1) // GRID_LIMIT**3  # of products of three grid numbers that a 64-bit sum can hold


@FUNCTION_CLASSES.register
class TwoLayerMLP(FunctionClass):
    """y = W2 · relu(W1ᵀ x), a random network of one hidden layer."""

    formula: ClassVar[str] = "y = W2 · relu(W1ᵀ x)"
    prior: ClassVar[str] = "x ~ N(0, I), entries of W1 (d × width) and W2 (width) ~ N(0, 1)"

    type: Literal["two_layer_mlp"] = "two_layer_mlp"
    dims: int = Field(ge=1, le=1_024)
    width: int = Field(ge=1)

    @model_validator(mode="after")
    def _targets_fit(self) -> "TwoLayerMLP":
        if self.dims * self.width > _MOST_TERMS:
            raise ValueError(
                f"dims · width is {self.dims * self.width:,}; exact 64-bit targets allow {_MOST_TERMS:,}"
            )
        return self

    @property
    def d(self) -> int:
        """Dimensions of an input."""
        return self.dims

    def words(self, points: int) -> int:
        """One word a number: the inputs, then W1 row by row, then W2."""
        return points * self.dims + self.dims * self.width + self.width

    def sample(self, raw: Words, points: int) -> tuple[Inputs, Parameters]:
        """xs (prompts, points, d) and the parameters `W1` (prompts, d, width), `W2` (prompts, width)."""
        numbers = on_grid(grid_normals(raw))
        ends = np.cumsum([points * self.dims, self.dims * self.width])
        inputs, W1, W2 = np.split(numbers, ends, axis=1)
        parameters = {"W1": W1.reshape(-1, self.dims, self.width).copy(), "W2": W2.copy()}
        return inputs.reshape(-1, points, self.dims).copy(), parameters

    def evaluate(self, parameters: Parameters, xs: Inputs) -> Targets:
        """Targets (prompts, points, 1): hidden sums are exact in float64 (units of 2^-26, below 2^45),
        output sums in int64 (units of 2^-39), for which a wide network takes smaller inputs."""
        W1, W2 = (grid_units(parameters[name], GRID_LIMIT) for name in ("W1", "W2"))
        largest = min(SHIFTED_LIMIT, (2**63 - 1) // (GRID_LIMIT**2 * self.dims * self.width))
        hidden = np.matmul(grid_units(xs, largest), W1)
        np.maximum(hidden, 0.0, out=hidden)
        W2 = W2.astype(np.int64)
        sums = np.matmul(hidden.astype(np.int64), W2[:, :, None])
        return sums.astype(np.float32) * np.float32(GRID**3)

    def prior_mean(self, xs: RealInputs) -> Means:
        """0: W2 and −W2 are equally likely, whatever W1 is."""
        return np.zeros((*xs.shape[:2], self.k))
