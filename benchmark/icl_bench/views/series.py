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
    curves = np.array([run.error_curves.model for run in runs])
    band = curves.min(axis=0), curves.max(axis=0)
    if len(runs) == 1:
        band = np.array(runs[0].error_curves.model_low), np.array(runs[0].error_curves.model_high)
    means = [run.mean_error.value for run in runs if run.mean_error.value is not None]
    return Series(
        name,
        range(curves.shape[1]),
        curves.mean(axis=0).tolist(),
        "model",
        low=band[0].tolist(),
        high=band[1].tolist(),
        mean=float(np.mean(means)) if means else None,
    )
