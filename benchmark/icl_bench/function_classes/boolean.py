"""What the function classes of Boolean functions share: sizes, literals, planted points.

Inputs are signs; 1 stands for true. A literal is a coordinate or its negation, and a set of literals is int8
(…, d): 1 for the coordinate, −1 for its negation, 0 for neither. Where a coordinate of x has been set to 0,
as a curriculum does, its literals do not count.
"""

from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float32, Int8, UInt64
from pydantic import Field

from icl_bench.function_classes.base import FunctionClass, Inputs, Targets, Words
from icl_bench.function_classes.streams import sign_words, signs, uniform_index

MAX_DIMS = 64

Literals = Int8[np.ndarray, "prompts d"]
Points = Bool[np.ndarray, "prompts points"]


class BooleanFunction(FunctionClass):
    """A function {−1, 1}^d → {−1, 1}."""

    labels: ClassVar[bool] = True

    dims: int = Field(ge=1, le=MAX_DIMS)

    @property
    def d(self) -> int:
        """Dimensions of an input."""
        return self.dims

    def input_words(self, points: int) -> int:
        """How many words hold the signs of a prompt's inputs."""
        return sign_words(points * self.dims)

    def uniform_inputs(self, raw: Words, points: int) -> Inputs:
        """xs (prompts, points, d), uniform on {−1, 1}^d, from the first `input_words` words."""
        count = points * self.dims
        drawn = signs(raw[:, : self.input_words(points)], count).astype(np.float32)
        return drawn.reshape(len(raw), points, self.dims)


def draw_literals(raw: UInt64[np.ndarray, "*shape"], share: int, whole: int) -> Int8[np.ndarray, "*shape"]:
    """Literals, one a word: 1 and −1 with a probability of share / whole each, else 0."""
    index = uniform_index(raw, whole)
    return (index < share).astype(np.int8) - ((share <= index) & (index < 2 * share)).astype(np.int8)


def chosen(raw: UInt64[np.ndarray, "prompts points"], share: int, whole: int) -> Points:
    """Which points are planted: each with a probability of share / whole."""
    return uniform_index(raw, whole) < share


def plant(xs: Inputs, literals: Literals, planted: Points) -> Inputs:
    """xs (prompts, points, d) with all the literals made true at the points that are `planted`."""
    fixed = planted[:, :, None] & (literals != 0)[:, None, :]
    return np.where(fixed, literals[:, None, :].astype(np.float32), xs)


def holds(literals: Literals, xs: Inputs) -> Points:
    """Where the conjunction of the literals holds: none is false."""
    return (literals[:, None, :] * xs >= 0).all(axis=2)


def as_targets(true: Points) -> Targets:
    """1 where it is true, −1 elsewhere: float32 (prompts, points, 1)."""
    targets: Float32[np.ndarray, "prompts points 1"] = np.where(true, 1, -1).astype(np.float32)[:, :, None]
    return targets
