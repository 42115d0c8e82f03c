"""The mean target of the nearest inputs."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from icl_bench.baselines.base import BASELINES, Baseline


@BASELINES.register
class KNearestNeighbours(Baseline):
    """ŷ_i is the mean y of the `neighbours` context points nearest to x_i in Euclidean distance.

    Of all context points where there are fewer; 0 at context length 0. Of points equally far, the
    earlier ones count.
    """

    type: Literal["knn"] = "knn"
    summary: ClassVar[str] = "the mean of the 3 nearest context points (of all while there are fewer)"
    neighbours: int = Field(default=3, ge=1)

    def answers(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """All context lengths from one matrix of distances, one neighbour at a time."""
        batch, points, _ = xs.shape
        distances = _squared_distances(xs)
        distances[:, np.arange(points)[:, None] <= np.arange(points)] = np.inf  # the context of i is j < i
        prompt, row = np.ogrid[:batch, :points]
        total = np.zeros_like(ys)
        for rank in range(min(self.neighbours, points - 1)):
            nearest = distances.argmin(axis=2)  # the first of equals
            total[:, rank + 1 :] += ys[prompt, nearest][:, rank + 1 :]
            distances[prompt, row, nearest] = np.inf
        return total / np.clip(np.arange(points), 1, self.neighbours)[:, None]


def _squared_distances(xs: Float[np.ndarray, "batch points d"]) -> Float[np.ndarray, "batch points points"]:
    """Summed coordinate by coordinate, so that equal inputs are equally far from everything, to the bit."""
    total = np.zeros((xs.shape[0], xs.shape[1], xs.shape[1]))
    for column in np.moveaxis(xs, 2, 0):
        difference = column[:, :, None] - column[:, None, :]
        total += np.square(difference, out=difference)
    return total
