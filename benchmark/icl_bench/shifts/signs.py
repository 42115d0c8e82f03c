"""Inputs that are their signs: x uniform on {−1, 1}^d where it was normal."""

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np

from icl_bench.function_classes.base import FunctionClass, Words
from icl_bench.shifts.base import Drawn, Shift
from icl_bench.specs.suite import SHIFTS


@SHIFTS.register
class Signs(Shift):
    """x → sign(x), with 1 for 0."""

    changes: ClassVar[str] = "x uniform on {−1, 1}^d"
    keeps_prior_mean: ClassVar[bool] = True

    type: Literal["signs"] = "signs"

    def apply(self, drawn: Drawn, raw: Words, function_class: FunctionClass) -> Drawn:
        """Inputs (prompts, points, d) of −1 and 1."""
        return replace(drawn, xs=np.where(drawn.xs < 0, np.float32(-1), np.float32(1)))
