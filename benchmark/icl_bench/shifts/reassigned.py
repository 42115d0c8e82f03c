"""Keys that come again with another value: the last one counts."""

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np

from icl_bench.function_classes.base import FunctionClass, Words
from icl_bench.function_classes.streams import random_subset, uniform_index
from icl_bench.shifts.base import Drawn, Shift
from icl_bench.specs.suite import SHIFTS

_OF = 5  # one in so many pairs repeats a key: about a quarter of those that are distinct


@SHIFTS.register
class Reassigned(Shift):
    """The last fifth of the points before the query have keys of earlier ones, each another, and values of
    their own. The query asks for one of those keys with probability one half, else for one that came once.

    Of a function class without keys, inputs come again and the query is one of them.
    """

    changes: ClassVar[str] = (
        "about a quarter of the keys come again at the end with a new value, and the last one counts"
    )

    keeps_order_free: ClassVar[bool] = False

    type: Literal["reassigned"] = "reassigned"

    def words(self, function_class: FunctionClass, points: int) -> int:
        """One for each key that comes again, then whether one of them is asked for, and which."""
        return (points - 1) // _OF + 3

    def apply(self, drawn: Drawn, raw: Words, function_class: FunctionClass) -> Drawn:
        """Inputs (prompts, points, d)."""
        points = drawn.xs.shape[1]
        again = (points - 1) // _OF
        if again == 0:
            return drawn
        distinct, rows = points - 1 - again, np.arange(len(drawn.xs))
        chosen = random_subset(raw[:, :again], distinct)
        xs = drawn.xs.copy()
        xs[:, distinct:-1] = xs[rows[:, None], chosen]
        once = np.array([np.setdiff1d(np.arange(distinct), row) for row in chosen])
        of_again = chosen[rows, uniform_index(raw[:, -2], again)]
        of_once = once[rows, uniform_index(raw[:, -1], distinct - again)]
        asked = np.where(uniform_index(raw[:, -3], 2) == 0, of_again, of_once)
        xs[:, -1] = xs[rows, asked]
        return replace(drawn, xs=xs)
