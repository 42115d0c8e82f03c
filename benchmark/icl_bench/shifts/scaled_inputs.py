"""Inputs of another size."""

from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from icl_bench.function_classes.base import FunctionClass, Words
from icl_bench.function_classes.streams import rounded_to_grid
from icl_bench.shifts.base import Drawn, Shift
from icl_bench.specs.suite import SHIFTS


@SHIFTS.register
class ScaledInputs(Shift):
    """x → x · times / over, on the grid again."""

    changes: ClassVar[str] = "x of another size"
    keeps_prior_mean: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"times": 1, "over": 3}

    type: Literal["scaled_inputs"] = "scaled_inputs"
    times: int = Field(ge=1, le=3)
    over: int = Field(ge=1, le=16)

    def apply(self, drawn: Drawn, raw: Words, function_class: FunctionClass) -> Drawn:
        """Inputs (prompts, points, d)."""
        scaled = drawn.xs.astype(np.float64) * self.times / self.over
        return replace(drawn, xs=rounded_to_grid(scaled))
