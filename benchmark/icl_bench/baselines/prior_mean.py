"""The mean of the target given its input alone: what can be answered without looking at the context."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float
from pydantic import SerializeAsAny

from icl_bench.baselines.base import BASELINES, Baseline
from icl_bench.errors import InputError
from icl_bench.function_classes.base import FunctionClass
from icl_bench.specs.suite import TaskSpec


@BASELINES.register
class PriorMean(Baseline):
    """ŷ_i = E[y | x_i] over the functions of the task: what is better has looked at the context.

    Exact: the function class states it (`FunctionClass.prior_mean`). It is 0 for regression and retrieval.
    For parity the products over all hidden sets have a mean that depends on x, and other Boolean functions
    are true more or less often than not; where points are planted, x itself says something of the function.
    """

    type: Literal["prior_mean"] = "prior_mean"
    summary: ClassVar[str] = "the mean of y given x alone, the best that does not look at the context"
    serves: ClassVar[str] = "every task whose function class states E[y | x]"
    function_class: SerializeAsAny[FunctionClass]

    @classmethod
    def for_task(cls, task: TaskSpec) -> "PriorMean":
        """Takes the task's function class; InputError where that does not state it, or a shift changes it."""
        stated = task.function_class.prior_mean(np.zeros((0, task.points, task.function_class.d)))
        kept = task.shift is None or (task.shift.keeps_prior_mean and not task.function_class.inputs_inform)
        if stated is None or not kept:
            raise InputError(
                f"baseline prior_mean does not know the mean of y given x on {task.name}; choose another",
                code="no-prior-mean",
            )
        return cls(function_class=task.function_class)

    def answers(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """E[y | x] at every x; InputError unless inputs and targets have the sizes of the function class."""
        sizes = self.function_class.d, self.function_class.k
        if (xs.shape[2], ys.shape[2]) != sizes:
            raise InputError(
                f"prior_mean of this {self.function_class.type} reads {sizes[0]} inputs and {sizes[1]} "
                f"targets a point, not {xs.shape[2]} and {ys.shape[2]}; give prompts of its task",
                code="other-prompts",
            )
        means = self.function_class.prior_mean(xs)
        assert means is not None, "`for_task` has seen that the class states it"
        return means
