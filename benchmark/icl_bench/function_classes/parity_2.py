"""Parity of two: sparse parity with 2 hidden coordinates, scored as labels too.

Prior: x uniform on {−1, 1}^d; the hidden pair is uniform over the C(d, 2) pairs. No noise.
Exact predictor: the mean, over the pairs that reproduce the context, of their products at the query.
Source: Bhattamishra et al. 2023 (arXiv 2310.03016), with `sparse_parity` for the function.

One prompt with d = 3 and the first two coordinates hidden:
x = (1, −1, 1) → −1, x = (−1, −1, 1) → 1, x = (1, 1, −1) → ?, which is 1.

>>> xs = np.array([[[1, -1, 1], [-1, -1, 1], [1, 1, -1]]], np.float32)
>>> ParityTwo(dims=3).evaluate({"subset": np.array([[0, 1]], np.int32)}, xs).ravel().tolist()
[-1.0, 1.0, 1.0]
"""

from typing import ClassVar, Literal

import numpy as np  # noqa: F401  # the example above reads it
from pydantic import Field

from icl_bench.function_classes.sparse_parity import SparseParity
from icl_bench.specs.suite import FUNCTION_CLASSES


@FUNCTION_CLASSES.register
class ParityTwo(SparseParity):
    """y = the product of 2 coordinates of x."""

    formula: ClassVar[str] = "y = x_i x_j, a hidden pair of coordinates"
    prior: ClassVar[str] = "x uniform on {-1, 1}^d, the pair uniform over the pairs"
    labels: ClassVar[bool] = True

    type: Literal["parity_2"] = "parity_2"  # type: ignore[assignment]  # it is frozen
    sparsity: int = Field(default=2, ge=2, le=2)
