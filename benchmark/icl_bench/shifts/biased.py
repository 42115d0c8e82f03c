"""Inputs that are more often positive: sign inputs are 1 with probability ¾."""

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np

from icl_bench.function_classes.base import FunctionClass, Words
from icl_bench.function_classes.streams import sign_words, signs
from icl_bench.shifts.base import Drawn, Shift
from icl_bench.specs.suite import SHIFTS


@SHIFTS.register
class Biased(Shift):
    """Every coordinate of x that is negative becomes positive with probability ½."""

    changes: ClassVar[str] = "each coordinate of x positive with probability ¾"
    keeps_prior_mean: ClassVar[bool] = True

    type: Literal["biased"] = "biased"

    def words(self, function_class: FunctionClass, points: int) -> int:
        """A bit for each number of the inputs."""
        return sign_words(points * function_class.d)

    def apply(self, drawn: Drawn, raw: Words, function_class: FunctionClass) -> Drawn:
        """Inputs (prompts, points, d)."""
        turned = signs(raw, drawn.xs[0].size).reshape(drawn.xs.shape) > 0
        return replace(drawn, xs=np.where(turned, np.abs(drawn.xs), drawn.xs))
