"""What predictions are compared with: the zero estimator, the score's baseline, the exact predictor."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from icl_bench.baselines.base import BASELINES, get_baseline
from icl_bench.evaluation.scores import squared_errors
from icl_bench.specs.suite import TaskSpec


@dataclass(frozen=True)
class References:
    """Squared errors (prompts, points) of the predictors that a task names; None where not available."""

    zero: np.ndarray
    baseline: np.ndarray | None
    exact: np.ndarray | None


def reference_errors(
    task: TaskSpec, xs: Float[np.ndarray, "prompts points d"], ys: Float[np.ndarray, "prompts points k"]
) -> References:
    """Errors of the task's references on its prompts, through the same `predict` as any model."""
    errors = {
        name: squared_errors(get_baseline(name, task).predict(xs, ys), ys)
        for name in {"zero", task.baseline, task.exact}
        if is_available(name)
    }
    return References(errors["zero"], errors.get(task.baseline), errors.get(task.exact))


def is_available(name: str) -> bool:
    """Whether a task's baseline or exact predictor is part of this icl-bench."""
    return name in BASELINES.entries()
