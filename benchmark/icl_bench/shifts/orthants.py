"""Examples from one orthant, questions from anywhere."""

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np

from icl_bench.function_classes.base import FunctionClass, Words
from icl_bench.function_classes.streams import sign_words, signs
from icl_bench.shifts.base import Drawn, Shift
from icl_bench.specs.suite import SHIFTS


@SHIFTS.register
class Orthants(Shift):
    """The inputs of the context have the signs of one orthant, uniform and the prompt's own; query i is x_i
    as it was drawn."""

    changes: ClassVar[str] = "context inputs in one random orthant, queries anywhere"
    keeps_prior_mean: ClassVar[bool] = True
    asks_apart: ClassVar[bool] = True

    type: Literal["orthants"] = "orthants"

    def words(self, function_class: FunctionClass, points: int) -> int:
        """A bit for each coordinate."""
        return sign_words(function_class.d)

    def apply(self, drawn: Drawn, raw: Words, function_class: FunctionClass) -> Drawn:
        """Inputs and queries (prompts, points, d)."""
        orthant = signs(raw, function_class.d).astype(np.float32)[:, None]
        return replace(drawn, xs=np.abs(drawn.xs) * orthant, queries=drawn.xs.copy())
