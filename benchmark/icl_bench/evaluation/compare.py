"""Two models on the same prompts: the difference of their scores, with intervals and corrected p-values.

D = S_A − S_B = Σ (ξ_A − ξ_B) / Σ (ξ_base − ξ_0) on each task, from the errors of both on the same prompts.
Prompts are resampled as for every interval (`icl_bench.evaluation.scores`), the same ones for both models, so
what makes a prompt hard for both cancels. The p-value is that of the two-sided percentile bootstrap, twice
the smaller share of resamples at or beyond 0 with one added to either count (Davison & Hinkley 1997, section
4.2), and is corrected for the number of tasks by Holm's method (Holm 1979).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from icl_bench.errors import InputError
from icl_bench.evaluation.references import reference_errors
from icl_bench.evaluation.scores import (
    bootstrap_key,
    defined_estimate,
    interval_estimate,
    model_scores,
    resampled_sums,
    without_estimate,
)
from icl_bench.evaluation.sources import Missing
from icl_bench.specs.result import Estimate
from icl_bench.suites import Suite, load_prompts

SIGNIFICANT = 0.05  # corrected p-values below it count as a difference


@dataclass(frozen=True)
class Contender:
    """One of the two: its name, and by task the errors of prompts, summed over scored context lengths."""

    name: str
    errors: Mapping[str, Float[np.ndarray, " prompts"]]


@dataclass(frozen=True)
class Difference:
    """What separates A from B on one task, or on the mean over tasks."""

    task: str
    prompts: int  # that both, and the task's baseline, have errors of: the first ones
    of: int  # that the suite has
    a: float | None  # scores on those prompts
    b: float | None
    difference: Estimate  # a − b
    p: float | None  # uncorrected
    p_corrected: float | None  # for the number of tasks; None for the mean, which is one test

    @property
    def better(self) -> str | None:
        """`A` or `B` where they differ significantly, else None."""
        p = self.p if self.p_corrected is None else self.p_corrected
        if p is None or self.difference.value is None or p >= SIGNIFICANT:
            return None
        return "A" if self.difference.value > 0 else "B"


MEAN = "mean over tasks"


def compare(suite: Suite, a: Contender, b: Contender) -> list[Difference]:
    """A difference for each task that both have errors of, in the suite's order, then that of their mean.

    InputError where they share no task.
    """
    shared = [task for task in suite.tasks if task in a.errors and task in b.errors]
    if not shared:
        raise InputError(
            f"{a.name} and {b.name} have no task of {suite.name} in common; evaluate both on one"
        )
    sampled = {task: _Sampled(suite, task, a, b) for task in shared}
    scored = [one for one in sampled.values() if one.estimate.reason is None]
    corrected = dict(zip((one.task for one in scored), holm([one.p for one in scored]), strict=True))
    found = [one.told(corrected.get(task)) for task, one in sampled.items()]
    return [*found, _mean(scored)] if len(scored) > 1 else found


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction: the i-th smallest of m times (m − i), never falling, at most 1."""
    order = np.argsort(p_values, kind="stable")
    corrected = np.empty(len(p_values))
    corrected[order] = np.maximum.accumulate(
        np.asarray(p_values)[order] * (len(p_values) - np.arange(len(order)))
    )
    return np.minimum(corrected, 1.0).tolist()


class _Sampled:
    """The scores of both on one task, as they are and on each resample."""

    def __init__(self, suite: Suite, task: str, a: Contender, b: Contender) -> None:
        self.task = task
        self.of = suite.spec.prompts
        self.prompts = min(len(a.errors[task]), len(b.errors[task]))
        self.scores = np.full(2, np.nan)
        prompts = load_prompts(suite, task)
        references = reference_errors(suite, suite.task(task), prompts.xs, prompts.ys)
        base = references.baseline
        if isinstance(base, Missing):
            self.estimate = without_estimate(base.reason)
            return
        self.prompts = min(self.prompts, base.prompts)
        rows = [a.errors[task], b.errors[task], base.errors, references.zero.errors]
        rows = [row[: self.prompts] for row in rows]
        sums = resampled_sums(np.stack(rows, axis=1), suite.spec.resamples, bootstrap_key(suite.name, task))
        resampled = model_scores(sums)
        self.scores = model_scores(np.array([[row.sum() for row in rows]]))[0]  # summed as in a record
        self.differences = resampled[:, 0] - resampled[:, 1]
        value = self.scores[0] - self.scores[1]
        self.estimate = defined_estimate(value, self.differences, suite.task(task).baseline)

    @property
    def p(self) -> float:
        """Uncorrected; defined where the difference has an interval."""
        return two_sided_p(self.differences)

    def told(self, corrected: float | None) -> Difference:
        """As it is shown; `corrected` is the corrected p-value, None where there is none."""
        a, b = (float(score) if np.isfinite(score) else None for score in self.scores)
        p = None if corrected is None else self.p
        return Difference(self.task, self.prompts, self.of, a, b, self.estimate, p, corrected)


def two_sided_p(differences: Float[np.ndarray, " resamples"]) -> float:
    """Twice the smaller share of resamples on either side of 0, at most 1."""
    smaller = min((differences <= 0).sum(), (differences >= 0).sum())
    return float(min(1.0, 2 * (smaller + 1) / (len(differences) + 1)))


def _mean(sampled: Sequence[_Sampled]) -> Difference:
    """Over tasks of equal weight, each resampled on its own: strata."""
    a, b = (float(score) for score in np.mean([one.scores for one in sampled], axis=0))
    differences = np.mean([one.differences for one in sampled], axis=0)
    prompts, of = sum(one.prompts for one in sampled), sum(one.of for one in sampled)
    estimate = interval_estimate(a - b, differences)
    return Difference(MEAN, prompts, of, a, b, estimate, two_sided_p(differences), None)
