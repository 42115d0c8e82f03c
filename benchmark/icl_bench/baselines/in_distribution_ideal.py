"""The in-distribution ideal: the exact predictor of the trained task, asked about a variant of it."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import SerializeAsAny

from icl_bench.baselines.base import BASELINES, Baseline, get_baseline
from icl_bench.errors import InputError
from icl_bench.specs.suite import TaskSpec


@BASELINES.register
class InDistributionIdeal(Baseline):
    """ŷ_i = the answer of the exact predictor of the task that the variant is `trained_as`.

    It still believes in the prior that models were trained on. A model that differs from it on the variant
    does something else than that predictor does, better or worse.
    """

    type: Literal["in_distribution_ideal"] = "in_distribution_ideal"
    summary: ClassVar[str] = "the exact predictor of the task that models were trained on"
    serves: ClassVar[str] = "variants of a task"
    predictor: SerializeAsAny[Baseline]

    @classmethod
    def for_task(cls, task: TaskSpec) -> "InDistributionIdeal":
        """Takes the exact predictor of the variant's base; InputError where the task is no variant."""
        if task.base is None:
            raise InputError(
                f"baseline in_distribution_ideal answers variants, and {task.name} is none; choose another",
                code="other-task-only",
            )
        return cls(predictor=get_baseline(task.base.exact, task.base))

    def predict(self, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
        """What that predictor answers."""
        return self.predictor.predict(xs, ys)
