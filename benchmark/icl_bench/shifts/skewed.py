"""Inputs with another covariance: a few directions carry most of the variance."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float

from icl_bench.shifts.base import RotatedMap
from icl_bench.specs.suite import SHIFTS


@SHIFTS.register
class Skewed(RotatedMap):
    """x → T x, T = U Λ Uᵀ √(d / Σ λ²) with λ_i = 1/i and U a uniform rotation of the prompt's own: the mean
    of ‖x‖² stays d."""

    changes: ClassVar[str] = "x ~ N(0, T²), with eigenvalues of T proportional to 1, ½, … 1/d"

    type: Literal["skewed"] = "skewed"

    def maps(self, rotations: Float[np.ndarray, "prompts d d"]) -> Float[np.ndarray, "prompts d d"]:
        """T."""
        d = rotations.shape[-1]
        sizes = 1.0 / np.arange(1, d + 1)
        sizes *= np.sqrt(d / np.square(sizes).sum())
        return (rotations * sizes) @ rotations.mT
