"""Inputs in a random subspace of half the dimensions."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float

from icl_bench.shifts.base import RotatedMap
from icl_bench.specs.suite import SHIFTS


@SHIFTS.register
class Subspace(RotatedMap):
    """x → its projection on a uniform subspace of ⌈d/2⌉ dimensions of the prompt's own, made longer so that
    the mean of ‖x‖² stays d. On the grid it leaves the subspace by the rounding alone."""

    changes: ClassVar[str] = "x in a random subspace of ⌈d/2⌉ dimensions"

    type: Literal["subspace"] = "subspace"

    def maps(self, rotations: Float[np.ndarray, "prompts d d"]) -> Float[np.ndarray, "prompts d d"]:
        """The projection, made longer."""
        d = rotations.shape[-1]
        kept = -(-d // 2)
        basis = rotations[:, :, :kept]
        return basis @ basis.mT * np.sqrt(d / kept)
