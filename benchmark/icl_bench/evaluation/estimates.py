"""From squared errors to the numbers of a task's result."""

from typing import Any

import numpy as np
from jaxtyping import Float

from icl_bench.frozen.anchors import Anchors
from icl_bench.frozen.errors import BaselineErrors
from icl_bench.predictor import Missing
from icl_bench.scoring.scores import (
    bootstrap_key,
    interval_ends,
    interval_estimate,
    resampled_sums,
    score_estimate,
    scored_errors,
    without_estimate,
)
from icl_bench.specs.result import ErrorCurves, Estimate
from icl_bench.suites import Suite


def summarise(
    suite: Suite, name: str, errors: Float[np.ndarray, "prompts points"], anchors: Anchors
) -> dict[str, Any]:
    """The fields of a `TaskResult` that follow from the model's errors and those of the anchors."""
    task = suite.tasks[name]
    model = scored_errors(errors, task.scored)
    low, high = _band(suite, name, errors)
    return {
        "prompts": len(errors),
        "points": task.points,
        "scored": task.scored,
        "baseline": task.baseline,
        "exact": task.exact,
        **estimates(suite, name, model, anchors),
        "error_curves": ErrorCurves(
            model=errors.mean(axis=0).tolist(),
            model_low=low.tolist(),
            model_high=high.tolist(),
            zero=anchors.zero.curve.tolist(),
            baseline=_curve(anchors.baseline),
            exact=_curve(anchors.exact),
        ),
        "prompt_errors": model.tolist(),
    }


def estimates(
    suite: Suite, name: str, model: Float[np.ndarray, " prompts"], anchors: Anchors
) -> dict[str, Estimate]:
    """`mean_error`, `score` and `optimality`, which follow from each prompt's error, summed over the scored
    context lengths."""
    task = suite.tasks[name]
    sums = {prompts: _Sums(model, anchors, suite, name, prompts) for prompts in _counts(model, anchors)}
    scored = 1 if task.scored == "last" else task.points

    def score(role: str, base: str) -> Estimate:
        found = getattr(anchors, role)
        return (
            without_estimate(found.reason)
            if isinstance(found, Missing)
            else sums[found.prompts].score(role, base)
        )

    return {
        "mean_error": sums[len(model)].mean("model", scored),
        "score": score("baseline", task.baseline),
        "optimality": score("exact", task.exact),
    }


def _band(suite: Suite, task: str, errors: Float[np.ndarray, "prompts points"]) -> np.ndarray:
    """The ends of the 95% interval of the mean error at each context length, (2, points)."""
    sums = resampled_sums(errors, suite.spec.resamples, bootstrap_key(suite.name, task))
    return interval_ends(sums / len(errors))


def _counts(model: Float[np.ndarray, " prompts"], anchors: Anchors) -> set[int]:
    """On how many prompts there is something to compare: all, and where anchors have fewer, those."""
    bases = (anchors.baseline, anchors.exact)
    return {len(model), *(base.prompts for base in bases if not isinstance(base, Missing))}


def _curve(errors: BaselineErrors | Missing) -> list[float] | None:
    return None if isinstance(errors, Missing) else errors.curve.tolist()


class _Sums:
    """Errors summed over the first `prompts`, as they are and resampled, in the same draws: those of the
    model, of zero, and of the anchors that have errors on exactly that many."""

    def __init__(
        self,
        model: Float[np.ndarray, " all"],
        anchors: Anchors,
        suite: Suite,
        task: str,
        prompts: int,
    ) -> None:
        errors = {"model": model[:prompts], "zero": anchors.zero.errors[:prompts]}
        for role in ("baseline", "exact"):
            base = getattr(anchors, role)
            if not isinstance(base, Missing) and base.prompts == prompts:
                errors[role] = base.errors
        columns = np.stack(list(errors.values()), axis=1)
        resampled = resampled_sums(columns, suite.spec.resamples, bootstrap_key(suite.name, task))
        self.prompts = prompts
        self.fewer = prompts if prompts < len(model) else None
        self.total = {key: float(value.sum()) for key, value in errors.items()}
        self.resampled = dict(zip(errors, resampled.T, strict=True))

    def mean(self, key: str, scored: int) -> Estimate:
        """The mean over prompts and scored context lengths."""
        count = self.prompts * scored
        return interval_estimate(self.total[key] / count, self.resampled[key] / count)

    def score(self, base: str, name: str) -> Estimate:
        """The score at which `base`, the predictor called `name`, has 1."""
        keys = ("model", base, "zero")
        model, reference, zero = (self.total[key] for key in keys)
        resampled_model, resampled_base, resampled_zero = (self.resampled[key] for key in keys)
        estimate = score_estimate(
            (model, reference, zero), (resampled_model, resampled_base, resampled_zero), name
        )
        return estimate.model_copy(update={"prompts": self.fewer})
