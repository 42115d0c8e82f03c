"""A query that repeats an input of its context, chosen uniformly: the answer was shown."""

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np

from icl_bench.function_classes.base import FunctionClass, Words
from icl_bench.function_classes.streams import uniform_index
from icl_bench.shifts.base import Drawn, Shift
from icl_bench.specs.suite import SHIFTS


@SHIFTS.register
class Repeated(Shift):
    """Query i is one of x_0 … x_{i−1}; without a context it is x_0."""

    changes: ClassVar[str] = "the query repeats an input of its context, chosen uniformly"
    keeps_prior_mean: ClassVar[bool] = True
    asks_apart: ClassVar[bool] = True

    type: Literal["repeated"] = "repeated"

    def words(self, function_class: FunctionClass, points: int) -> int:
        """One for each context length but the first."""
        return points - 1

    def apply(self, drawn: Drawn, raw: Words, function_class: FunctionClass) -> Drawn:
        """Queries (prompts, points, d)."""
        points, rows = drawn.xs.shape[1], np.arange(len(drawn.xs))
        queries = drawn.xs.copy()
        for i in range(1, points):
            queries[:, i] = drawn.xs[rows, uniform_index(raw[:, i - 1], i)]
        return replace(drawn, queries=queries)
