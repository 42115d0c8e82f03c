"""The mean label of the context."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float

from icl_bench.baselines.base import BASELINES
from icl_bench.baselines.labels import LabelBaseline


@BASELINES.register
class MeanLabel(LabelBaseline):
    """ŷ_i = the mean of y_j, j < i, whatever the inputs are; 0 at context length 0."""

    type: Literal["mean_label"] = "mean_label"
    summary: ClassVar[str] = "the mean label so far, whatever the inputs are"

    def answers(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """Running means, one point later."""
        means = np.zeros_like(ys)
        means[:, 1:] = ys.cumsum(axis=1)[:, :-1] / np.arange(1, ys.shape[1])[:, None]
        return means
