"""Targets with noise, in the context and where they are scored."""

from dataclasses import replace
from typing import ClassVar, Literal

from icl_bench.function_classes.base import FunctionClass, Words
from icl_bench.function_classes.streams import grid_normals, on_grid
from icl_bench.shifts.base import Drawn, Shift
from icl_bench.specs.suite import SHIFTS


@SHIFTS.register
class Noise(Shift):
    """y → y + ε, ε ~ N(0, 1), independent of all else."""

    changes: ClassVar[str] = "y has noise ~ N(0, 1), in the context and in what is scored"
    keeps_prior_mean: ClassVar[bool] = True

    type: Literal["noise"] = "noise"

    def words(self, function_class: FunctionClass, points: int) -> int:
        """One for each number of the targets."""
        return points * function_class.k

    def apply(self, drawn: Drawn, raw: Words, function_class: FunctionClass) -> Drawn:
        """Noise (prompts, points, k)."""
        noise = on_grid(grid_normals(raw)).reshape(len(raw), drawn.xs.shape[1], function_class.k)
        return replace(drawn, noise=noise)
