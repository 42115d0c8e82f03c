"""The label of the nearest input by Hamming distance."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float

from icl_bench.baselines.base import BASELINES
from icl_bench.baselines.labels import LabelBaseline


@BASELINES.register
class NearestNeighbour(LabelBaseline):
    """ŷ_i = y_j of the j < i whose x_j differs from x_i in the fewest coordinates, the last in a tie; 0 at
    context length 0. (`knn` takes three, and the first in a tie.)"""

    type: Literal["nearest_neighbour"] = "nearest_neighbour"
    summary: ClassVar[str] = "the label of the nearest input by Hamming distance, the last in a tie"

    def answers(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """All context lengths from one matrix of inner products; InputError unless inputs are −1 and 1."""
        self.check_inputs(xs, ys)
        points = xs.shape[1]
        products = np.where(np.tri(points, k=-1, dtype=bool), xs @ xs.mT, -np.inf)
        nearest = points - 1 - products[:, :, ::-1].argmax(axis=2)
        predictions = np.take_along_axis(ys[:, :, 0], nearest, axis=1)[:, :, None]
        predictions[:, 0] = 0.0
        return predictions
