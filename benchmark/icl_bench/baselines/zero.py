"""Always 0: the predictor that has score 0 by definition."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float

from icl_bench.baselines.base import BASELINES, Baseline


@BASELINES.register
class Zero(Baseline):
    """ŷ_i = 0."""

    type: Literal["zero"] = "zero"
    summary: ClassVar[str] = "always 0"

    def answers(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """Zeros, (batch, points, k)."""
        return np.zeros_like(ys)
