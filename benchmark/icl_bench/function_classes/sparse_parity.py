"""Sparse parity: y is the product of a few hidden coordinates of a sign vector.

Prior: x uniform on {−1, 1}^d; the hidden set is uniform over the C(d, sparsity) subsets. No noise.
Exact predictor: the mean, over the subsets that reproduce the context, of their values at the query.
Source: Bhattamishra et al. 2023 (arXiv 2310.03016) and Park et al. 2024 (arXiv 2402.04248); sizes from
Campbell et al. 2024 (arXiv 2411.03945).

One prompt with d = 3 and the first two coordinates hidden:
x = (1, −1, 1) → −1, x = (−1, −1, 1) → 1, x = (1, 1, −1) → ?, which is 1.

>>> xs = np.array([[[1, -1, 1], [-1, -1, 1], [1, 1, -1]]], np.float32)
>>> SparseParity(dims=3, sparsity=2).evaluate({"subset": np.array([[0, 1]], np.int32)}, xs).ravel().tolist()
[-1.0, 1.0, 1.0]
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
from icl_bench.function_classes.streams import random_subset, sign_words, signs
from icl_bench.specs.suite import FUNCTION_CLASSES


@FUNCTION_CLASSES.register
class SparseParity(FunctionClass):
    """y = the product of `sparsity` coordinates of x."""

    formula: ClassVar[str] = "y = product of x_j over j in S, a hidden set of `sparsity` coordinates"
    prior: ClassVar[str] = "x uniform on {-1, 1}^d, S uniform over the subsets of that size"

    type: Literal["sparse_parity"] = "sparse_parity"
    dims: int = Field(ge=1, le=1_024)
    sparsity: int = Field(ge=1)

    @model_validator(mode="after")
    def _subset_fits(self) -> "SparseParity":
        if self.sparsity > self.dims:
            raise ValueError(f"sparsity {self.sparsity} exceeds dims {self.dims}; hide at most {self.dims}")
        return self

    @property
    def d(self) -> int:
        """Dimensions of an input."""
        return self.dims

    def words(self, points: int) -> int:
        """One bit a sign, in whole words, then one word a hidden coordinate."""
        return sign_words(points * self.dims) + self.sparsity

    def sample(self, raw: Words, points: int) -> tuple[Inputs, Parameters]:
        """xs (prompts, points, d) and the parameter `subset` (prompts, sparsity), int32, ascending."""
        inputs = raw.shape[1] - self.sparsity
        xs = signs(raw[:, :inputs], points * self.dims).astype(np.float32)
        subset = random_subset(raw[:, inputs:], self.dims).astype(np.int32)
        return xs.reshape(-1, points, self.dims), {"subset": subset}

    def evaluate(self, parameters: Parameters, xs: Inputs) -> Targets:
        """Targets (prompts, points, 1), 0 where a hidden coordinate of x has been set to 0."""
        hidden = np.take_along_axis(xs, parameters["subset"][:, None, :], axis=2)
        return hidden.prod(axis=2, keepdims=True, dtype=np.float32)

    def prior_mean(self, xs: RealInputs) -> Means:
        """The mean over all hidden sets of their product at x: e_k(x) / C(d, k), with k the sparsity and e_k
        the elementary symmetric polynomial."""
        means = np.zeros((self.sparsity + 1, *xs.shape[:2]))  # over the sets of each size among those before
        means[0] = 1.0
        for seen in range(1, xs.shape[2] + 1):
            x = xs[:, :, seen - 1].astype(np.float64)
            for size in range(min(seen, self.sparsity), 0, -1):  # `size / seen` of those sets hold this one
                means[size] += size / seen * (x * means[size - 1] - means[size])
        return means[-1][:, :, None]
