"""Vector MQAR (multi-query associative recall, here with one query): recall the value that came with a key.

A prompt is pairs of a key and a value, then one query that repeats a key; its target is that key's value.
Prior: keys and values uniform on the sphere of radius sqrt(d) in R^d; the repeated key uniform over them.
Only the last point is scored: no earlier value can be foretold.
Exact predictor: look the query up among the keys.
Source: Arora et al. 2023 (arXiv 2312.04927) for MQAR; the vector form from Campbell et al. 2024
(arXiv 2411.03945).

One prompt with d = 2 and two pairs:
x = (1, 1) → (−1, 1), x = (1, −1) → (1, 1), x = (1, 1) → ?, which is (−1, 1).

>>> xs = np.array([[[1, 1], [1, -1], [1, 1]]], np.float32)
>>> VectorMQAR(dims=2).evaluate({"values": np.array([[[-1, 1], [1, 1]]], np.float32)}, xs)[0].tolist()
[[-1.0, 1.0], [1.0, 1.0], [-1.0, 1.0]]
"""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from icl_bench.errors import InputError
from icl_bench.function_classes.base import (
    FunctionClass,
    Inputs,
    Means,
    Parameters,
    RealInputs,
    Targets,
    Words,
)
from icl_bench.function_classes.streams import grid_normals, sphere, uniform_index
from icl_bench.specs.suite import FUNCTION_CLASSES


@FUNCTION_CLASSES.register
class VectorMQAR(FunctionClass):
    """y = the value paired with the key x; the last point repeats a key."""

    formula: ClassVar[str] = "y = the value paired with the key x; the last x repeats one of the keys"
    prior: ClassVar[str] = "keys and values uniform on the sphere of radius sqrt(d), the repeated key uniform"

    type: Literal["vector_mqar"] = "vector_mqar"
    dims: int = Field(ge=2, le=1_024)

    @property
    def d(self) -> int:
        """Dimensions of a key."""
        return self.dims

    @property
    def k(self) -> int:
        """Dimensions of a value."""
        return self.dims

    def words(self, points: int) -> int:
        """One word a number: the keys, the values, then which key is repeated."""
        return 2 * (points - 1) * self.dims + 1

    def sample(self, raw: Words, points: int) -> tuple[Inputs, Parameters]:
        """xs (prompts, points, d), the keys and then the query; parameter `values` (prompts, pairs, d)."""
        pairs = points - 1
        vectors = sphere(grid_normals(raw[:, :-1]).reshape(-1, 2, pairs, self.dims))
        keys, values = vectors[:, 0], vectors[:, 1]
        repeated = uniform_index(raw[:, -1], pairs)
        query = keys[np.arange(len(raw)), repeated]
        return np.concatenate([keys, query[:, None]], axis=1), {"values": values.copy()}

    def evaluate(self, parameters: Parameters, xs: Inputs) -> Targets:
        """Targets (prompts, points, d): value i for key i; a later point has the value of the last key that
        it repeats. InputError where it repeats none."""
        values = parameters["values"]
        pairs = values.shape[1]
        keys, queries = xs[:, :pairs], xs[:, pairs:]
        same = (queries[:, :, None] == keys[:, None]).all(axis=3)
        if not same.any(axis=2).all():
            raise InputError(
                "a query repeats none of the prompt's keys; take xs from the function class",
                code="no-such-key",
            )
        last = pairs - 1 - same[:, :, ::-1].argmax(axis=2)
        answers = np.take_along_axis(values, last[:, :, None], axis=1)
        return np.concatenate([values[:, : keys.shape[1]], answers], axis=1)

    def prior_mean(self, xs: RealInputs) -> Means:
        """0: values are independent of keys, and a value and its negative equally likely."""
        return np.zeros((*xs.shape[:2], self.k))
