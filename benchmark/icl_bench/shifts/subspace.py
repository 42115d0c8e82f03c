"""Inputs in a random subspace of half the dimensions."""

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np

from icl_bench.function_classes.base import FunctionClass, Words
from icl_bench.function_classes.streams import rounded_to_grid, uniform_rotations
from icl_bench.shifts.base import Drawn, Shift
from icl_bench.specs.suite import SHIFTS


@SHIFTS.register
class Subspace(Shift):
    """x → its projection on a uniform subspace of ⌈d/2⌉ dimensions of the prompt's own, made longer so that
    the mean of ‖x‖² stays d. On the grid it leaves the subspace by the rounding alone."""

    changes: ClassVar[str] = "x in a random subspace of ⌈d/2⌉ dimensions"
    keeps_prior_mean: ClassVar[bool] = True

    type: Literal["subspace"] = "subspace"

    def words(self, function_class: FunctionClass, points: int) -> int:
        """One for each entry of a matrix of normals, whose rotation gives the subspace."""
        return function_class.d**2

    def apply(self, drawn: Drawn, raw: Words, function_class: FunctionClass) -> Drawn:
        """Inputs (prompts, points, d)."""
        d = function_class.d
        kept = -(-d // 2)
        basis = uniform_rotations(raw, d)[:, :, :kept]
        projection = basis @ basis.mT * np.sqrt(d / kept)
        return replace(drawn, xs=rounded_to_grid(drawn.xs @ projection))
