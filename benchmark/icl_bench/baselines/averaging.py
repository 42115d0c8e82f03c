"""Averaging: one step of gradient descent from 0, the cheapest linear fit (Garg et al. 2022)."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float

from icl_bench.baselines.base import BASELINES, Baseline


@BASELINES.register
class Averaging(Baseline):
    """ŷ_i = x_i · w with w the mean of x_j y_j over j < i; 0 at context length 0."""

    type: Literal["averaging"] = "averaging"
    summary: ClassVar[str] = "linear in x, with weights the mean of x_j y_j over the context"

    def answers(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """Σ_{j<i} (x_i · x_j) y_j / i, all context lengths from one Gram matrix."""
        points = xs.shape[1]
        gram = np.tril(xs @ xs.transpose(0, 2, 1), -1)  # (batch, points, points): row i holds j < i
        return gram @ ys / np.maximum(np.arange(points), 1)[:, None]
