"""Inputs around another point than 0."""

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np

from icl_bench.function_classes.base import FunctionClass, Words
from icl_bench.shifts.base import Drawn, Shift
from icl_bench.specs.suite import SHIFTS


@SHIFTS.register
class Moved(Shift):
    """x → x + ½ in every coordinate."""

    changes: ClassVar[str] = "x ~ N(½, I)"
    keeps_prior_mean: ClassVar[bool] = True

    type: Literal["moved"] = "moved"

    def apply(self, drawn: Drawn, raw: Words, function_class: FunctionClass) -> Drawn:
        """Inputs (prompts, points, d)."""
        return replace(drawn, xs=drawn.xs + np.float32(0.5))
