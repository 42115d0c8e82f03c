"""Accuracy: how often the sign of a prediction is the label."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float

from icl_bench.scoring.metric import METRICS, Column, Metric, Sums
from icl_bench.specs.suite import TaskSpec


@METRICS.register
class Accuracy(Metric):
    """The share of predictions with the sign of y; one of 0 counts half."""

    heading: ClassVar[str] = "Accuracy"
    hub_type: ClassVar[str] = "accuracy"
    definition: ClassVar[str] = "The share of predictions with the sign of the label; one of 0 counts half."
    place: ClassVar[int] = 4
    has_values: ClassVar[bool] = True

    type: Literal["accuracy"] = "accuracy"

    def serves(self, task: TaskSpec) -> bool:
        """On tasks with labels."""
        return bool(task.function_class.labels)

    def values(
        self, predictions: Float[np.ndarray, "prompts points k"], ys: Float[np.ndarray, "prompts points k"]
    ) -> Float[np.ndarray, "prompts points"]:
        """1 where the sign is right, 0 where it is wrong, ½ where there is none."""
        return (0.5 + 0.5 * np.sign(predictions.astype(np.float64)) * ys).mean(axis=2)

    def compute(self, model: Sums, anchor: Column, origin: Column, count: int) -> Sums:
        """The mean of the values."""
        return model / count
