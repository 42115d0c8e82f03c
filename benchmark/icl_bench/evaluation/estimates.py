"""From a model's answers to the numbers of a task's result."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from icl_bench.frozen.anchors import Anchors
from icl_bench.frozen.errors import BaselineErrors
from icl_bench.predictor import Missing
from icl_bench.scoring.metric import ERRORS, Metric, answer_numbers, metrics
from icl_bench.scoring.scores import (
    PromptErrors,
    bootstrap_key,
    defined_estimates,
    interval_ends,
    interval_estimate,
    resampled_sums,
    scored_sums,
    without_estimate,
)
from icl_bench.specs.result import ErrorCurves, Estimate
from icl_bench.suites import Suite


def summarise(
    suite: Suite,
    name: str,
    predictions: Float[np.ndarray, "prompts points k"],
    ys: Float[np.ndarray, "prompts points k"],
    anchors: Anchors,
) -> dict[str, Any]:
    """The fields of a `TaskResult` that follow from the model's predictions and the errors of the anchors."""
    task = suite.tasks[name]
    values = answer_numbers(predictions, ys, task)
    curves = {metric: column.mean(axis=0).tolist() for metric, column in values.items()}
    errors, error_curve = values.pop(ERRORS), curves.pop(ERRORS)
    model = scored_sums(errors, task.scored_points)
    sums = {metric: scored_sums(column, task.scored_points) for metric, column in values.items()}
    low, high = _band(suite, name, errors)
    return {
        "prompts": len(errors),
        "points": task.points,
        "scored": task.scored,
        "baseline": task.baseline,
        "exact": task.exact,
        "estimates": estimates(suite, name, model, sums, anchors),
        "error_curves": ErrorCurves(
            model=error_curve,
            model_low=low.tolist(),
            model_high=high.tolist(),
            zero=anchors.zero.curve.tolist(),
            baseline=_curve(anchors.baseline),
            exact=_curve(anchors.exact),
        ),
        "prompt_errors": model.tolist(),
        "prompt_values": {metric: column.tolist() for metric, column in sums.items()},
        "value_curves": curves,
    }


def estimates(
    suite: Suite,
    name: str,
    errors: PromptErrors,
    values: Mapping[str, PromptErrors],
    anchors: Anchors,
) -> dict[str, Estimate]:
    """Every metric of a task by name, from each prompt's error and own values of metrics, both summed over
    the scored context lengths. A metric whose values are not given is left out."""
    sums = _Sums(suite, name, errors, values, anchors)
    available = [
        metric
        for metric in metrics(suite.tasks[name]).values()
        if not metric.has_values or metric.type in values
    ]
    return {metric.type: sums.estimate(metric) for metric in available}


def _band(suite: Suite, task: str, errors: Float[np.ndarray, "prompts points"]) -> np.ndarray:
    """The ends of the 95% interval of the mean error at each context length, (2, points)."""
    sums = resampled_sums(errors, suite.spec.resamples, bootstrap_key(suite.full_name(task)))
    return interval_ends(sums / len(errors))


def _curve(errors: BaselineErrors | Missing) -> list[float] | None:
    return None if isinstance(errors, Missing) else errors.curve.tolist()


def _anchor(sums: Mapping[str, np.ndarray], metric: Metric) -> np.ndarray:
    return sums[metric.anchor] if metric.anchor else np.full_like(sums["zero"], np.nan)


class _Sums:
    """Sums over prompts, as they are and resampled, in the same draws: of the model's errors, the own values
    of metrics, and the errors of the anchors."""

    def __init__(
        self,
        suite: Suite,
        name: str,
        errors: PromptErrors,
        values: Mapping[str, PromptErrors],
        anchors: Anchors,
    ) -> None:
        self._suite, self._task, self._anchors = suite, suite.tasks[name], anchors
        self._errors, self._values = errors, values
        self._drawn: dict[int, tuple[dict[str, np.ndarray], dict[str, np.ndarray]]] = {}

    def estimate(self, metric: Metric) -> Estimate:
        """The metric with its 95% interval, or why it has none."""
        anchor = getattr(self._anchors, metric.anchor) if metric.anchor else None
        if isinstance(anchor, Missing):
            return without_estimate(anchor.reason)
        every = len(self._errors)
        prompts = every if anchor is None else anchor.prompts
        own = metric.type if metric.has_values else "model"
        value, resampled = (
            metric.compute(
                sums[own],
                sums.get(metric.anchor or "", np.full_like(sums["zero"], np.nan)),
                sums[metric.origin],
                prompts * self._task.scored_points.count,
            )[:, 0]
            for sums in self._of_first(prompts)
        )
        if metric.anchor is None:
            return interval_estimate(float(value[0]), resampled)
        (estimate,) = defined_estimates(value, resampled[:, None], getattr(self._task, metric.anchor))
        return estimate.model_copy(update={"prompts": prompts if prompts < every else None})

    def _of_first(self, prompts: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Sums over the first `prompts` by what is summed: one row (1, 1), and a row a resample."""
        if prompts not in self._drawn:
            columns = {"model": self._errors, **self._values}
            columns |= {"zero": self._anchors.zero.errors, "floor": self._anchors.floor.errors}
            for role in ("baseline", "exact"):
                anchor = getattr(self._anchors, role)
                if not isinstance(anchor, Missing) and anchor.prompts == prompts:
                    columns[role] = anchor.errors
            stacked = np.stack([column[:prompts] for column in columns.values()], axis=1)
            key = bootstrap_key(self._suite.full_name(self._task.name))
            drawn = resampled_sums(stacked, self._suite.spec.resamples, key)
            totals = {role: np.array([[column[:prompts].sum()]]) for role, column in columns.items()}
            by_role = {role: drawn[:, [place]] for place, role in enumerate(columns)}
            self._drawn[prompts] = totals, by_role
        return self._drawn[prompts]
