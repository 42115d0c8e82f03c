"""What every shift defines: how the prompts of a function class are changed, as a pure function.

A variant of a task (`trained_as`) names a shift. A prompt is drawn from the function class as before, then
the shift changes its inputs, its parameters, or what is asked, from random words of its own. Targets are
computed from what it returns, so that they stay exact.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from icl_bench.function_classes.base import FunctionClass, Inputs, Parameters, Targets, Words
from icl_bench.function_classes.streams import rounded_to_grid, uniform_rotations
from icl_bench.specs.schema import Strict, locked_values


@dataclass(frozen=True)
class Drawn:
    """Prompts before their targets are computed."""

    xs: Inputs  # of the context (prompts, points, d)
    parameters: Parameters  # of the functions, each with a leading prompt axis
    queries: Inputs | None = None  # asked in place of xs: query i after the first i examples; same shape
    noise: Targets | None = None  # added to targets (prompts, points, k)
    answered_at: Inputs | None = None  # what targets are those of, where xs shows them changed; same shape


class Shift(Strict):
    """A change of prompts: a subclass in a file of its own, under `@SHIFTS.register`.

    A subclass adds `type` with its name as the default, its numbers, and the members below. It reads nothing
    but its arguments, and changes none of them. Inputs that it makes are multiples of 2^-13, as those of
    function classes are.
    """

    changes: ClassVar[str]  # what it changes, in plain text
    # whether E[y | x] stays what the function class states: parameters stay as they were drawn, inputs change
    # without regard to them, and noise has the mean 0
    keeps_prior_mean: ClassVar[bool] = False
    asks_apart: ClassVar[bool] = False  # whether it sets `queries`, asked in place of the context's inputs
    keeps_order_free: ClassVar[bool] = True  # whether the answer stays the same in any order of the examples
    example: ClassVar[dict[str, Any]] = {}  # its keys but `type`, as an example: tests apply it

    type: str

    def words(self, function_class: FunctionClass, points: int) -> int:
        """How many random words of its own a prompt takes, after those of the function class."""
        return 0

    def apply(self, drawn: Drawn, raw: Words, function_class: FunctionClass) -> Drawn:
        """The changed prompts; raw: `words` words a prompt."""
        raise NotImplementedError

    def locked_form(self) -> dict[str, Any]:
        """What a lock hashes of it: `type`, numbers, and keys with a default only off it."""
        return locked_values(self, {"type"})


class RotatedMap(Shift):
    """x → M x, with a map M of each prompt's own that follows from a uniform rotation."""

    keeps_prior_mean: ClassVar[bool] = True

    def words(self, function_class: FunctionClass, points: int) -> int:
        """One for each entry of a matrix of normals, which the rotation is made of."""
        return function_class.d**2

    def maps(self, rotations: Float[np.ndarray, "prompts d d"]) -> Float[np.ndarray, "prompts d d"]:
        """M, symmetric, of every prompt's rotation."""
        raise NotImplementedError

    def apply(self, drawn: Drawn, raw: Words, function_class: FunctionClass) -> Drawn:
        """Inputs (prompts, points, d)."""
        maps = self.maps(uniform_rotations(raw, function_class.d))
        return replace(drawn, xs=rounded_to_grid(drawn.xs @ maps))
