"""Decision tree regression: y is the leaf that x reaches in a full binary tree.

Prior: x ~ N(0, I_d); every inner node tests a coordinate drawn uniformly from the d, and sends x right where
that coordinate is above 0; leaves ~ N(0, 1). All rounded to odd multiples of 2^-13. The exact predictor reads
equal labels as one leaf, so leaves of one tree that fall on the same grid point are parted by one step of
2^-12 each (at depth 4, in fewer than one tree in a hundred). No noise.
Exact predictor: the posterior over trees given which context points share a label, summed by dynamic
programming over sets of points.
Source: Garg et al. 2022 (arXiv 2208.01066), section 5; sizes from Campbell et al. 2024 (arXiv 2411.03945).

One prompt with d = 2, depth 1, a root that tests the second coordinate, and leaves (−1, 0.5):
x = (1, −3) → −1, x = (−2, 0.1) → 0.5, x = (0, 2) → ?, which is 0.5.

>>> parameters = {"nodes": np.array([[1]], np.int32), "leaves": np.array([[-1, 0.5]], np.float32)}
>>> xs = np.array([[[1, -3], [-2, 0.1], [0, 2]]], np.float32)
>>> DecisionTree(dims=2, depth=1).evaluate(parameters, xs).ravel().tolist()
[-1.0, 0.5, 0.5]
"""

from typing import ClassVar, Literal

import numpy as np
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
from icl_bench.function_classes.streams import grid_normals, on_grid, uniform_index
from icl_bench.specs.suite import FUNCTION_CLASSES


@FUNCTION_CLASSES.register
class DecisionTree(FunctionClass):
    """y = the leaf that x reaches; node i has children 2i + 1 (coordinate ≤ 0) and 2i + 2 (above 0)."""

    formula: ClassVar[str] = (
        "y = the leaf reached from the root, going right where the node's coordinate of x is > 0"
    )
    prior: ClassVar[str] = "x ~ N(0, I), node coordinates uniform over d, leaves ~ N(0, 1) and distinct"

    type: Literal["decision_tree"] = "decision_tree"
    dims: int = Field(ge=1, le=1_024)
    depth: int = Field(ge=1, le=10)

    @property
    def d(self) -> int:
        """Dimensions of an input."""
        return self.dims

    def words(self, points: int) -> int:
        """One word a number: the inputs, the leaves, then the coordinates of the inner nodes."""
        return points * self.dims + 2 ** (self.depth + 1) - 1

    def sample(self, raw: Words, points: int) -> tuple[Inputs, Parameters]:
        """xs (prompts, points, d) and the parameters `nodes` (prompts, 2^depth − 1), int32 coordinates in the
        order of a heap, and `leaves` (prompts, 2^depth), left to right."""
        inputs, leaves = points * self.dims, 2**self.depth
        units = grid_normals(raw[:, : inputs + leaves])
        nodes = uniform_index(raw[:, inputs + leaves :], self.dims).astype(np.int32)
        xs = on_grid(units[:, :inputs]).reshape(-1, points, self.dims)
        return xs, {"nodes": nodes, "leaves": on_grid(_parted(units[:, inputs:]))}

    def evaluate(self, parameters: Parameters, xs: Inputs) -> Targets:
        """Targets (prompts, points, 1); a leaf is copied, nothing is computed."""
        nodes = parameters["nodes"]
        place = np.zeros(xs.shape[:2], np.int64)
        for _ in range(self.depth):
            coordinate = np.take_along_axis(nodes, place, axis=1)
            value = np.take_along_axis(xs, coordinate[:, :, None], axis=2)[:, :, 0]
            place = 2 * place + 1 + (value > 0)
        return np.take_along_axis(parameters["leaves"], place - nodes.shape[1], axis=1)[:, :, None]

    def prior_mean(self, xs: RealInputs) -> Means:
        """0: a leaf and its negative are equally likely, but for the few moved by a step of 2^-12."""
        return np.zeros((*xs.shape[:2], self.k))


def _parted(units: np.ndarray) -> np.ndarray:
    """Odd units (prompts, leaves) with equal ones of a row moved up by steps of 2 until all differ."""
    order = np.argsort(units, axis=1, kind="stable")
    rank = 2 * np.arange(units.shape[1])
    ascending = np.take_along_axis(units, order, axis=1)
    parted = np.empty_like(units)
    np.put_along_axis(parted, order, np.maximum.accumulate(ascending - rank, axis=1) + rank, axis=1)
    return parted
