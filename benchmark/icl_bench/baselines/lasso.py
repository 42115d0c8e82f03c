"""The linear fit with an L1 penalty, for sparse weights."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from icl_bench.baselines.base import BASELINES, Baseline


@BASELINES.register
class Lasso(Baseline):
    """ŷ_i = x_i · w with w the minimum of 1/(2i) ‖y − Xw‖² + α ‖w‖₁ over the context, without intercept.

    The objective is that of scikit-learn's `Lasso`. Each coordinate of the target has a fit of its own.
    α is the task's: the best of CANDIDATES on its development stream, kept in the task's
    `baseline_options` (`icl-bench baselines choose`).
    """

    type: Literal["lasso"] = "lasso"
    summary: ClassVar[str] = "the linear fit with an L1 penalty, its α chosen on a development stream"
    candidates: ClassVar[dict[str, tuple[float, ...]]] = {"alpha": (1.0, 1e-1, 1e-2, 1e-3, 1e-4)}
    alpha: float = Field(default=1e-2, gt=0, allow_inf_nan=False)

    def answers(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """Every context length from that before it; see `kernels.lasso`."""
        from icl_bench.baselines.kernels.lasso import all_prefixes
        from icl_bench.compiled import call

        predictions = np.empty_like(ys)
        call(all_prefixes, xs, ys, self.alpha, predictions)
        return predictions
