"""What every function class defines. Sampling and evaluating are apart, and both are pure."""

from typing import ClassVar

import numpy as np
from jaxtyping import Float, Float32, Float64, UInt64

from icl_bench.specs.suite import FunctionClassSpec

Words = UInt64[np.ndarray, "prompts words"]
Inputs = Float32[np.ndarray, "prompts points d"]
Targets = Float32[np.ndarray, "prompts points k"]
RealInputs = Float[np.ndarray, "prompts points d"]
Means = Float64[np.ndarray, "prompts points k"]
Parameters = dict[str, np.ndarray]  # each with a leading prompt axis


class FunctionClass(FunctionClassSpec):
    """A distribution over functions R^d → R^k and over their inputs, at fixed sizes.

    A subclass adds `type` with its name as the default, its sizes, and the members below. It may read
    nothing but its arguments, and it changes none of them.
    """

    formula: ClassVar[str]  # the function, in plain text
    prior: ClassVar[str]  # how inputs and parameters are drawn, in plain text
    labels: ClassVar[bool] = False  # whether targets are labels −1 and 1, and answers are scored as such too
    inputs_inform: ClassVar[bool] = False  # whether x alone, without y, says something of the function

    @property
    def d(self) -> int:
        """Dimensions of an input."""
        raise NotImplementedError

    @property
    def k(self) -> int:
        """Dimensions of a target."""
        return 1

    def words(self, points: int) -> int:
        """How many 64-bit random words one prompt of `points` points consumes."""
        raise NotImplementedError

    def sample(self, raw: Words, points: int) -> tuple[Inputs, Parameters]:
        """Inputs and parameters from random words.

        raw: words(points) words a prompt. Returns xs, float32 (prompts, points, d), and the parameters
        by name, each with a leading prompt axis: a function of its own for every prompt.
        """
        raise NotImplementedError

    def sample_active(self, raw: Words, points: int, active: int) -> tuple[Inputs, Parameters]:
        """As `sample`, from the same words, with 0 in all but the first `active` (1 … d) coordinates of x.

        For a curriculum. Functions are those of `sample`; a class whose source draws them from the active
        coordinates alone overrides this method. With all of them active nothing differs.
        """
        xs, parameters = self.sample(raw, points)
        return hide_inactive(xs, active), parameters

    def evaluate(self, parameters: Parameters, xs: Inputs) -> Targets:
        """Targets, float32 (prompts, points, k), of xs, float32 (prompts, points, d).

        Exact but for one rounding to float32, so that they are the same bits everywhere. Coordinates may
        have been set to 0 and points cut from the end. InputError where xs would not give exact targets.
        """
        raise NotImplementedError

    def prior_mean(self, xs: RealInputs) -> Means | None:
        """E[y | x] over the functions: the best answer that does not look at the context.

        xs: (prompts, points, d), each point by itself, at its place in a prompt. Where points are drawn by
        the function (`inputs_inform`) x tells of it, and counts. Returns float64 (prompts, points, k), or
        None, whatever xs is, where the class does not state it: then its tasks have no baseline `prior_mean`.
        """
        return None


def hide_inactive(xs: Inputs, active: int) -> Inputs:
    """A copy of xs, float32 (prompts, points, d), with 0 in the coordinates from `active` on."""
    hidden = xs.copy()
    hidden[:, :, active:] = 0.0
    return hidden
