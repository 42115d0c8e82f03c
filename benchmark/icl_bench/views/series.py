"""The error curves of a record as the series of charts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from icl_bench.charts import Series, baseline_series

if TYPE_CHECKING:
    from icl_bench.specs.result import TaskResult

ZERO = "zero"


def predictor_curves(model: str, task: "TaskResult") -> list[Series]:
    """The model on a task, then every predictor whose errors are in its result, each once.

    A model that is called as one of them is, `zero` for example, is marked as the model.
    """
    curves = task.error_curves
    recorded = {
        task.exact: (curves.exact, task.optimality.prompts),
        task.baseline: (curves.baseline, task.score.prompts),
        ZERO: (curves.zero, None),
    }
    name = f"{model} (model)" if model in recorded else model
    anchors = [
        baseline_series(
            anchor,
            errors,
            task.baseline,
            task.exact,
            prompts=prompts,
            suite_prompts=task.prompts,
        )
        for anchor, (errors, prompts) in recorded.items()
        if errors is not None
    ]
    return [model_curve(name, [task]), *anchors]


def model_curve(name: str, runs: Sequence["TaskResult"]) -> Series:
    """The mean of a model's runs on a task. The band around one run is its 95% interval, that around several
    holds all of them.
    """
    means = [run.mean_error.value for run in runs if run.mean_error.value is not None]
    mean = float(np.mean(means)) if means else None
    if len(runs) == 1:
        curve = runs[0].error_curves
        y, low, high = (list(values) for values in (curve.model, curve.model_low, curve.model_high))
    else:
        curves = np.array([run.error_curves.model for run in runs])
        y, low, high = curves.mean(axis=0).tolist(), curves.min(axis=0).tolist(), curves.max(axis=0).tolist()
    return Series(name, range(len(y)), y, "model", low=low, high=high, mean=mean)
