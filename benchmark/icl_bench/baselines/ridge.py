"""Ridge regression: the linear fit with a squared penalty on its weights."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from icl_bench.baselines.base import BASELINES, Baseline
from icl_bench.baselines.kernel_regression import LEAST_NOISE, posterior_means


@BASELINES.register
class Ridge(Baseline):
    """ŷ_i = x_i · w with w the minimum of ‖y − Xw‖² + λ ‖w‖² over the context, λ the `penalty`.

    The posterior mean for w ~ N(0, I) and Gaussian noise of variance λ, without intercept; the objective is
    that of scikit-learn's `Ridge`, and so is λ = 1. Exact to 1e-5 where λ is at least 1e-5 ‖x_j‖². A point
    so far from 0 that rounding would outweigh the penalty has LEAST_NOISE · ‖x_j‖² in its place.
    """

    type: Literal["ridge"] = "ridge"
    summary: ClassVar[str] = "the linear fit with a squared penalty of 1 on its weights"
    penalty: float = Field(default=1.0, gt=0, allow_inf_nan=False)

    def answers(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """One Cholesky factorisation of X Xᵀ + λI a prompt."""
        covariance = xs @ xs.transpose(0, 2, 1)
        variance = np.einsum("bii->bi", covariance)
        variance += np.maximum(self.penalty, LEAST_NOISE * variance)
        return posterior_means(covariance, ys)
