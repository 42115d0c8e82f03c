"""All inputs of a prompt moved together, by a little."""

from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from icl_bench.function_classes.base import FunctionClass, Words
from icl_bench.function_classes.streams import GRID, grid_normals
from icl_bench.shifts.base import Drawn, Shift
from icl_bench.specs.suite import SHIFTS


@SHIFTS.register
class Displaced(Shift):
    """x → x + v, with v of length `tenths` / 10 in a uniform direction of the prompt's own: the Wasserstein
    distance of the inputs' distributions is that length (arXiv 2410.21698)."""

    changes: ClassVar[str] = "every x of a prompt moved by one vector, in a random direction"
    keeps_prior_mean: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"tenths": 3}

    type: Literal["displaced"] = "displaced"
    tenths: int = Field(ge=1, le=100)

    def words(self, function_class: FunctionClass, points: int) -> int:
        """One for each coordinate of v."""
        return function_class.d

    def apply(self, drawn: Drawn, raw: Words, function_class: FunctionClass) -> Drawn:
        """Inputs (prompts, points, d)."""
        normals = grid_normals(raw) * GRID
        lengths = np.sqrt(np.square(normals).sum(axis=1, keepdims=True))
        v = self.tenths / 10 * normals / lengths
        even = (np.rint(v / (2 * GRID)) * (2 * GRID)).astype(np.float32)  # inputs stay odd multiples
        return replace(drawn, xs=drawn.xs + even[:, None])
