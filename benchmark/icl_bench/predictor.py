"""The one contract of the benchmark: a predictor answers y_i from x_0 … x_i and y_0 … y_{i-1}."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float


@runtime_checkable
class Predictor(Protocol):
    """Baselines, checkpoints and a user's own object: everything that is scored has this method."""

    def predict(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """Predictions (batch, points, k) in float32; prediction i reads only xs[:, :i+1] and ys[:, :i]."""
        ...


@dataclass(frozen=True)
class Missing:
    """Why a task has no predictor, or a predictor no errors on it."""

    reason: str
