"""From squared errors to the numbers of a task's result."""

from typing import Any

import numpy as np
from jaxtyping import Float

from icl_bench.evaluation.references import References
from icl_bench.evaluation.scores import (
    bootstrap_key,
    interval_estimate,
    resampled_sums,
    score_estimate,
    scored_errors,
    without_estimate,
)
from icl_bench.specs.result import ErrorCurves, Estimate
from icl_bench.suites import Suite


def summarise(
    suite: Suite, name: str, errors: Float[np.ndarray, "prompts points"], references: References
) -> dict[str, Any]:
    """The fields of a `TaskResult` that follow from the model's errors and those of the references."""
    task = suite.tasks[name]
    by_name = {
        "model": errors,
        "zero": references.zero,
        "baseline": references.baseline,
        "exact": references.exact,
    }
    available = {key: value for key, value in by_name.items() if value is not None}
    sums = _Sums({key: scored_errors(value, task.scored) for key, value in available.items()}, suite, name)
    scored = 1 if task.scored == "last" else task.points
    return {
        "prompts": len(errors),
        "points": task.points,
        "scored": task.scored,
        "baseline": task.baseline,
        "exact": task.exact,
        "mean_error": sums.mean("model", scored),
        "score": sums.score("baseline", task.baseline),
        "optimality": sums.score("exact", task.exact),
        "error_curves": ErrorCurves(
            model=_curve(errors),
            zero=_curve(references.zero),
            baseline=None if references.baseline is None else _curve(references.baseline),
            exact=None if references.exact is None else _curve(references.exact),
        ),
        "prompt_errors": sums.errors["model"].tolist(),
    }


def _curve(errors: Float[np.ndarray, "prompts points"]) -> list[float]:
    return errors.mean(axis=0).tolist()


class _Sums:
    """Errors of model and references summed over prompts, as they are and resampled, in the same draws."""

    def __init__(self, errors: dict[str, Float[np.ndarray, " prompts"]], suite: Suite, task: str) -> None:
        self.errors = errors
        columns = np.stack(list(errors.values()), axis=1)
        resampled = resampled_sums(columns, suite.spec.resamples, bootstrap_key(suite.name, task))
        self.total = {key: float(value.sum()) for key, value in errors.items()}
        self.resampled = dict(zip(errors, resampled.T, strict=True))

    def mean(self, key: str, scored: int) -> Estimate:
        """The mean over prompts and scored context lengths."""
        count = len(self.errors[key]) * scored
        return interval_estimate(self.total[key] / count, self.resampled[key] / count)

    def score(self, base: str, name: str) -> Estimate:
        """The score at which `base`, the predictor called `name`, has 1."""
        if base not in self.errors:
            return without_estimate(f"baseline {name} is not available yet")
        keys = ("model", base, "zero")
        model, reference, zero = (self.total[key] for key in keys)
        resampled_model, resampled_base, resampled_zero = (self.resampled[key] for key in keys)
        return score_estimate(
            (model, reference, zero), (resampled_model, resampled_base, resampled_zero), name
        )
