"""Log-loss: minus the logarithm of the probability that a prediction gives to the label."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float

from icl_bench.scoring.metric import METRICS, Column, Metric, Sums
from icl_bench.specs.suite import TaskSpec

LEAST = 1e-6  # that a label's probability is taken for


@METRICS.register
class LogLoss(Metric):
    """−log p(y) in nats, with p(1) = (ŷ + 1) / 2, between 10^-6 and 1 − 10^-6: ŷ read as a mean of labels."""

    heading: ClassVar[str] = "Log-loss"
    hub_type: ClassVar[str] = "log_loss"
    definition: ClassVar[str] = (
        "Minus the logarithm of the label's probability, in nats, where a prediction is read as the mean of "
        "labels -1 and 1 and probabilities lie between 0.000001 and 0.999999; lower is better."
    )
    place: ClassVar[int] = 5
    in_points: ClassVar[bool] = False
    has_values: ClassVar[bool] = True

    type: Literal["log_loss"] = "log_loss"

    def serves(self, task: TaskSpec) -> bool:
        """On tasks with labels."""
        return bool(task.function_class.labels)

    def values(
        self, predictions: Float[np.ndarray, "prompts points k"], ys: Float[np.ndarray, "prompts points k"]
    ) -> Float[np.ndarray, "prompts points"]:
        """The loss of each answer."""
        of_label = (predictions.astype(np.float64) * ys + 1) / 2
        return -np.log(np.clip(of_label, LEAST, 1 - LEAST)).mean(axis=2)

    def compute(self, model: Sums, anchor: Column, origin: Column, count: int) -> Sums:
        """The mean of the values."""
        return model / count
