"""A query that is near a key and not one: it has to be recognised."""

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np

from icl_bench.function_classes.base import FunctionClass, Words
from icl_bench.function_classes.streams import GRID, grid_normals
from icl_bench.shifts.base import Drawn, Shift
from icl_bench.specs.suite import SHIFTS


@SHIFTS.register
class NoisyQuery(Shift):
    """The last input q → q + N(0, ¼ I), put back to its length; its target stays that of q."""

    changes: ClassVar[str] = "the query is a key with noise ~ N(0, ¼ I), back on the sphere"

    deviation: ClassVar[float] = 0.5  # of the noise in each coordinate

    type: Literal["noisy_query"] = "noisy_query"

    def words(self, function_class: FunctionClass, points: int) -> int:
        """One for each coordinate."""
        return function_class.d

    def apply(self, drawn: Drawn, raw: Words, function_class: FunctionClass) -> Drawn:
        """Inputs (prompts, points, d), and those whose targets are asked."""
        query = drawn.xs[:, -1].astype(np.float64)
        moved = query + self.deviation * GRID * grid_normals(raw)
        lengths = (np.sqrt(np.square(array).sum(axis=1, keepdims=True)) for array in (query, moved))
        longer = np.divide(*lengths)
        xs = drawn.xs.copy()
        xs[:, -1] = np.rint(moved * longer / GRID) * GRID
        return replace(drawn, xs=xs, answered_at=drawn.xs)
