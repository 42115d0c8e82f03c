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
    interval_estimate,
    regression_score,
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
    prompts: int  # that both, and the task's baseline, have errors of
    a: float | None  # scores on those prompts
    b: float | None
    difference: Estimate  # a − b
    p: float | None  # corrected for the number of tasks; that of the mean stands alone

    @property
    def better(self) -> str | None:
        """`A` or `B` where they differ significantly, else None."""
        if self.p is None or self.difference.value is None or self.p >= SIGNIFICANT:
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
    scored = [one for one in sampled.values() if one.reason is None]
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
        self.reason: str | None = None
        prompts = load_prompts(suite, task)
        references = reference_errors(suite, suite.task(task), prompts.xs, prompts.ys)
        base = references.baseline
        if isinstance(base, Missing):
            self.prompts, self.reason = len(a.errors[task]), base.reason
            return
        self.prompts = min(len(a.errors[task]), len(b.errors[task]), base.prompts)
        rows = [a.errors[task], b.errors[task], base.errors, references.zero.errors]
        rows = [row[: self.prompts] for row in rows]
        columns = np.stack(rows, axis=1)
        key = bootstrap_key(suite.name, task)
        self.resampled = _scores(resampled_sums(columns, suite.spec.resamples, key))
        self.scores = _scores(np.array([[row.sum() for row in rows]]))[:, 0]  # summed as in a record
        if not (np.isfinite(self.resampled).all() and np.isfinite(self.scores).all()):
            self.reason = f"baseline {suite.task(task).baseline} is no better than answering 0 here"

    @property
    def differences(self) -> Float[np.ndarray, " resamples"]:
        """A − B on each resample."""
        return self.resampled[0] - self.resampled[1]

    @property
    def p(self) -> float:
        """Uncorrected."""
        return two_sided_p(self.differences)

    def told(self, p: float | None) -> Difference:
        """As it is shown; `p` is the corrected one."""
        if self.reason is not None:
            return Difference(self.task, self.prompts, None, None, without_estimate(self.reason), None)
        a, b = (float(score) for score in self.scores)
        return Difference(self.task, self.prompts, a, b, interval_estimate(a - b, self.differences), p)


def two_sided_p(differences: Float[np.ndarray, " resamples"]) -> float:
    """Twice the smaller share of resamples on either side of 0, at most 1."""
    smaller = min((differences <= 0).sum(), (differences >= 0).sum())
    return float(min(1.0, 2 * (smaller + 1) / (len(differences) + 1)))


def _scores(sums: Float[np.ndarray, "rows 4"]) -> Float[np.ndarray, "2 rows"]:
    """Scores of A and B from sums of (A, B, base, zero); NaN where the base is no better than zero."""
    a, b, base, zero = sums.T
    usable = np.where(base < zero, base, np.nan)
    return np.stack([regression_score(a, usable, zero), regression_score(b, usable, zero)])


def _mean(sampled: Sequence[_Sampled]) -> Difference:
    """Over tasks of equal weight, each resampled on its own: strata."""
    a, b = (float(score) for score in np.mean([one.scores for one in sampled], axis=0))
    differences = np.mean([one.differences for one in sampled], axis=0)
    prompts = sum(one.prompts for one in sampled)
    return Difference(MEAN, prompts, a, b, interval_estimate(a - b, differences), two_sided_p(differences))
