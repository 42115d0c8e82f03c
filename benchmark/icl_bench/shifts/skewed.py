"""Inputs with another covariance: a few directions carry most of the variance."""

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np

from icl_bench.function_classes.base import FunctionClass, Words
from icl_bench.function_classes.streams import rounded_to_grid, uniform_rotations
from icl_bench.shifts.base import Drawn, Shift
from icl_bench.specs.suite import SHIFTS


@SHIFTS.register
class Skewed(Shift):
    """x → T x, T = U Λ Uᵀ √(d / Σ λ²) with λ_i = 1/i and U a uniform rotation of the prompt's own: the mean
    of ‖x‖² stays d."""

    changes: ClassVar[str] = "x ~ N(0, T²), with eigenvalues of T proportional to 1, ½, … 1/d"
    keeps_prior_mean: ClassVar[bool] = True

    type: Literal["skewed"] = "skewed"

    def words(self, function_class: FunctionClass, points: int) -> int:
        """One for each entry of a matrix of normals, whose rotation U is."""
        return function_class.d**2

    def apply(self, drawn: Drawn, raw: Words, function_class: FunctionClass) -> Drawn:
        """Inputs (prompts, points, d)."""
        d = function_class.d
        sizes = 1.0 / np.arange(1, d + 1)
        sizes *= np.sqrt(d / np.square(sizes).sum())
        U = uniform_rotations(raw, d)
        T = (U * sizes) @ U.mT
        return replace(drawn, xs=rounded_to_grid(drawn.xs @ T))
