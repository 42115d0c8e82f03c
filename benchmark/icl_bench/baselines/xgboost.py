"""Gradient-boosted trees, by the library of that name."""

from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from icl_bench.baselines.base import BASELINES, Baseline
from icl_bench.resources import threads

_AT_ONCE = 32  # prompts in one call: some seconds


@BASELINES.register
class XGBoost(Baseline):
    """ŷ_i is the answer at x_i of an `XGBRegressor()` fitted to the context of i.

    The numbers are the library's defaults, as in Garg et al. 2022 (arXiv 2208.01066): 100 trees of depth 6 at
    most, learning rate 0.3, L2 penalty 1 on leaf weights, no subsampling, squared error, starting from the
    mean target; a tree for each coordinate of the target. Splits are sought over a histogram, which holds
    every input while the context has 256 points or fewer.
    """

    type: Literal["xgboost"] = "xgboost"
    summary: ClassVar[str] = "gradient-boosted trees with the defaults of the library xgboost"
    cheap: ClassVar[bool] = False
    rounds: int = Field(default=100, ge=1, le=10_000)

    def batch_size(self, points: int) -> int:
        """How many prompts to ask about at once, so that progress is seen."""
        return _AT_ONCE

    def answers(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """One fit a prompt and context length, the prompts shared out among threads."""
        xs, ys = xs.astype(np.float32), ys.astype(np.float32)
        with ThreadPoolExecutor(threads()) as pool:
            answers = list(pool.map(self._answer_prompt, xs, ys))
        return np.array(answers, np.float64).reshape(ys.shape)

    def _answer_prompt(self, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
        """Predictions (points, k), 0 at context length 0, of one prompt."""
        import xgboost  # takes a second

        predictions = np.zeros_like(ys)
        for i in range(1, len(xs)):
            context = xgboost.DMatrix(xs[:i], ys[:i], nthread=1)
            booster = xgboost.Booster({"nthread": 1, "verbosity": 0}, [context])
            for number in range(self.rounds):
                booster.update(context, number)
            predictions[i] = booster.inplace_predict(xs[i : i + 1]).reshape(-1)
        return predictions
