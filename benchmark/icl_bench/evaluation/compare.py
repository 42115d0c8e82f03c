"""Two models on the same prompts: the difference of their scores, with intervals and corrected p-values.

D = S_A − S_B = Σ (ξ_A − ξ_B) / Σ (ξ_base − ξ_0) on each task, from the errors of both on the same prompts.
Prompts are resampled as for every interval (`icl_bench.evaluation.sampled`), the same ones for both, so what
makes a prompt hard for both cancels. The p-value is that of the two-sided percentile bootstrap, twice the
smaller share of resamples at or beyond 0 with one added to either count (Davison & Hinkley 1997, chapter
4), and is corrected for the number of tasks by Holm's method (Holm 1979).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from icl_bench.errors import InputError
from icl_bench.evaluation.sampled import Contender, Sampled, sample_task
from icl_bench.evaluation.scores import interval_estimate
from icl_bench.specs.result import Estimate
from icl_bench.suites import Suite

SIGNIFICANT = 0.05  # corrected p-values below it count as a difference
MEAN = "mean over tasks"


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


def compare(suite: Suite, a: Contender, b: Contender, tasks: Sequence[str] | None = None) -> list[Difference]:
    """A difference for each of the tasks (the suite's, by default) that both have errors of, in the suite's
    order; where that is every one of them, also that of the mean over tasks.

    InputError where they share no task.
    """
    wanted = [task for task in suite.tasks if tasks is None or task in tasks]
    shared = [task for task in wanted if a.runs.get(task) and b.runs.get(task)]
    if not shared:
        raise InputError(
            f"{a.name} and {b.name} have no task of {suite.name} in common; evaluate both on one"
        )
    pairs = [Pair(task, sample_task(suite, task, [a, b]).score, 0, 1) for task in shared]
    return differences(pairs, len(wanted))


@dataclass(frozen=True)
class Pair:
    """Two of the models whose scores on a task are sampled, by their places among them."""

    task: str
    sampled: Sampled
    a: int
    b: int

    @property
    def drawn(self) -> Float[np.ndarray, " resamples"]:
        """The difference on each resample."""
        return self.sampled.resampled[:, self.a] - self.sampled.resampled[:, self.b]

    def told(self, difference: Estimate, p: float | None, corrected: float | None) -> Difference:
        """As it is shown; p-values are None where there is no interval."""
        one = self.sampled
        a, b = (float(score) if np.isfinite(score) else None for score in one.scores[[self.a, self.b]])
        return Difference(self.task, one.prompts, one.of, a, b, difference, p, corrected)


def differences(pairs: Sequence[Pair], wanted: int) -> list[Difference]:
    """A difference for each task, then, where all that are wanted have one with an interval, that of their
    mean: a mean over fewer would be another quantity from pair to pair."""
    estimates = {pair.task: pair.sampled.difference(pair.a, pair.b) for pair in pairs}
    drawn = {pair.task: pair.drawn for pair in pairs if estimates[pair.task].low is not None}
    p = {task: two_sided_p(one) for task, one in drawn.items()}
    corrected = dict(zip(p, holm(list(p.values())), strict=True))
    found = [pair.told(estimates[pair.task], p.get(pair.task), corrected.get(pair.task)) for pair in pairs]
    return [*found, _mean(found, drawn)] if len(p) == wanted > 1 else found


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction: the i-th smallest of m times (m − i), never falling, at most 1."""
    order = np.argsort(p_values, kind="stable")
    corrected = np.empty(len(p_values))
    corrected[order] = np.maximum.accumulate(
        np.asarray(p_values)[order] * (len(p_values) - np.arange(len(order)))
    )
    return np.minimum(corrected, 1.0).tolist()


def two_sided_p(differences: Float[np.ndarray, " resamples"]) -> float:
    """Twice the smaller share of resamples on either side of 0, at most 1."""
    smaller = min(np.count_nonzero(differences <= 0), np.count_nonzero(differences >= 0))
    return min(1.0, 2 * (smaller + 1) / (len(differences) + 1))


def _mean(tasks: Sequence[Difference], drawn: Mapping[str, np.ndarray]) -> Difference:
    """Over tasks of equal weight, each resampled on its own: strata."""
    a, b = (float(np.mean([getattr(one, side) for one in tasks])) for side in ("a", "b"))
    prompts, of = sum(one.prompts for one in tasks), sum(one.of for one in tasks)
    mean = np.mean(list(drawn.values()), axis=0)
    return Difference(MEAN, prompts, of, a, b, interval_estimate(a - b, mean), two_sided_p(mean), None)
