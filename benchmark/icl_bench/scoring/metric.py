"""What every metric defines: a number computed from a model's answers on a task, with its interval.

A metric is a ratio of sums over prompts, so that one set of resampled sums serves them all. Its terms are the
squared errors of the model, or values of its own (whether an answer is right, its log-loss), and the squared
errors of one of the task's predictors and of what is answered without looking at the context: 0, or the prior
mean, which is the best of such answers.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

import numpy as np
from jaxtyping import Float

from icl_bench.scoring.scores import squared_errors
from icl_bench.specs.schema import Registry, Strict
from icl_bench.specs.suite import TaskSpec

ERRORS = "errors"  # what squared errors are called beside values of metrics
Anchor = Literal["baseline", "exact"]
Origin = Literal["zero", "floor"]
Sums = Float[np.ndarray, "rows columns"]
Column = Float[np.ndarray, "rows 1"]


class Metric(Strict):
    """A metric: a subclass in a file of its own, under `@METRICS.register`, which names itself by `type`."""

    type: str

    heading: ClassVar[str]  # of a column
    hub_type: ClassVar[str]  # what the Hub's metadata of a model calls it
    definition: ClassVar[str]  # one sentence, plain text
    place: ClassVar[int]  # in the order in which metrics are shown
    anchor: ClassVar[Anchor | None] = None  # the predictor of the task that it is measured against
    origin: ClassVar[Origin] = "zero"  # where it is 0: answering 0, or the floor, which is the prior mean
    on_board: ClassVar[bool] = True  # whether boards and their files have a column of it
    in_points: ClassVar[bool] = True  # whether pages show it times 100, as a share of something
    has_values: ClassVar[bool] = False  # whether it is computed from `values`, not from squared errors

    def serves(self, task: TaskSpec) -> bool:
        """Whether it is defined on a task."""
        return True

    def values(
        self, predictions: Float[np.ndarray, "prompts points k"], ys: Float[np.ndarray, "prompts points k"]
    ) -> Float[np.ndarray, "prompts points"]:
        """Its value of each answer, where it `has_values`."""
        raise NotImplementedError

    def compute(self, model: Sums, anchor: Column, origin: Column, count: int) -> Sums:
        """The metric of each column of `model`, row by row; NaN where it is not defined.

        model: sums over prompts and scored context lengths, of squared errors or of the metric's own values.
        anchor, origin: sums of squared errors of the predictor `anchor` (NaN where there is none) and of what
        `origin` names. count: over how many prompts and scored context lengths they are summed.
        """
        raise NotImplementedError


METRICS: Registry[Any] = Registry("metric", "icl_bench.scoring.metrics")


def metrics(tasks: TaskSpec | Iterable[TaskSpec] | None = None, on_board: bool = False) -> dict[str, Metric]:
    """The metrics by name, in the order in which they are shown: those that serve a task, or one of several;
    those that boards have."""
    every = sorted((entry() for entry in METRICS.entries().values()), key=lambda metric: metric.place)
    served = None if tasks is None else [tasks] if isinstance(tasks, TaskSpec) else list(tasks)
    return {
        metric.type: metric
        for metric in every
        if (served is None or any(map(metric.serves, served))) and (metric.on_board or not on_board)
    }


def answer_numbers(
    predictions: Float[np.ndarray, "prompts points k"],
    ys: Float[np.ndarray, "prompts points k"],
    task: TaskSpec,
) -> dict[str, Float[np.ndarray, "prompts points"]]:
    """What is kept of answers on a task: the squared errors, by the name `errors`, and the values of each of
    its metrics with values of its own, by the metric."""
    own = {name: metric for name, metric in metrics(task).items() if metric.has_values}
    values = {name: metric.values(predictions, ys) for name, metric in own.items()}
    return {ERRORS: squared_errors(predictions, ys), **values}
