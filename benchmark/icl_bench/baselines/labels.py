"""What baselines of Boolean functions share: they read inputs of −1 and 1, and serve tasks with labels."""

from typing import ClassVar

import numpy as np

from icl_bench.baselines.base import Baseline
from icl_bench.errors import InputError
from icl_bench.specs.suite import TaskSpec


class LabelBaseline(Baseline):
    """A baseline of the tasks whose targets are labels −1 and 1 (`FunctionClass.labels`)."""

    serves: ClassVar[str] = "tasks with labels"

    @classmethod
    def for_task(cls, task: TaskSpec) -> "LabelBaseline":
        """With the task's options for it; InputError where the task has no labels."""
        if not task.function_class.labels:
            name = cls.model_fields["type"].default
            raise InputError(
                f"baseline {name} answers tasks with labels -1 and 1 only; choose another",
                code="other-task-only",
            )
        baseline = super().for_task(task)
        assert isinstance(baseline, cls)
        return baseline

    def check_inputs(self, xs: np.ndarray, ys: np.ndarray) -> None:
        """InputError unless inputs are −1 and 1 and targets single."""
        if ys.shape[2] != 1 or not (np.abs(xs) == 1).all():
            raise InputError(
                f"{self.type} reads inputs of -1 and 1 and single targets; give prompts of Boolean functions",
                code="other-prompts",
            )
