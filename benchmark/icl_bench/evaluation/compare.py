"""Two models on the same prompts: the difference of their scores, with intervals and corrected p-values.

D = S_A − S_B = Σ (ξ_A − ξ_B) / Σ (ξ_base − ξ_0) on each task, from the errors of both on the same prompts.
Prompts are resampled as for every interval (`icl_bench.evaluation.sampled`), the same ones for both, so what
makes a prompt hard for both cancels. The p-value is that of the two-sided percentile bootstrap, twice the
smaller share of resamples at or beyond 0 with one added to either count (Davison & Hinkley 1997, chapter
4), and is corrected for the number of tasks by Holm's method (Holm 1979).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

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
    contrasts = [Contrast(task, sample_task(suite, task, [a, b]).score, 0, {b.name: 1}) for task in shared]
    return differences(contrasts, len(wanted))[b.name]


@dataclass(frozen=True)
class Contrast:
    """One model and others on a task, by their places among the models whose scores are sampled."""

    task: str
    sampled: Sampled
    a: int
    others: Mapping[str, int]

    def each(self) -> Iterator[tuple[str, "_Sampled"]]:
        """Every other, and the difference from it on the task, its p-value not yet corrected."""
        one, places = self.sampled, list(self.others.values())
        estimates, drawn = one.differences(self.a, places)
        p_values = two_sided_p(drawn).tolist()
        scores = [float(score) if np.isfinite(score) else None for score in one.scores[[self.a, *places]]]
        for k, (name, estimate) in enumerate(zip(self.others, estimates, strict=True)):
            p = None if estimate.low is None else p_values[k]
            told = Difference(self.task, one.prompts, one.of, scores[0], scores[k + 1], estimate, p, None)
            yield name, _Sampled(told, drawn[:, k])


@dataclass(frozen=True)
class _Sampled:
    told: Difference
    drawn: Float[np.ndarray, " resamples"]


def differences(contrasts: Sequence[Contrast], wanted: int) -> dict[str, list[Difference]]:
    """By other model, a difference for each task, then, where all that are wanted have one with an interval,
    that of their mean: a mean over fewer would be another quantity from pair to pair."""
    by_other: dict[str, list[_Sampled]] = {}
    for contrast in contrasts:
        for name, found in contrast.each():
            by_other.setdefault(name, []).append(found)
    return {name: _corrected(found, wanted) for name, found in by_other.items()}


def _corrected(found: Sequence[_Sampled], wanted: int) -> list[Difference]:
    tested = [one for one in found if one.told.p is not None]
    p_values = {one.told.task: one.told.p for one in tested if one.told.p is not None}
    corrected = dict(zip(p_values, holm(list(p_values.values())), strict=True))
    told = [replace(one.told, p_corrected=corrected.get(one.told.task)) for one in found]
    return [*told, _mean(told, [one.drawn for one in tested])] if len(tested) == wanted > 1 else told


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction: the i-th smallest of m times (m − i), never falling, at most 1."""
    order = np.argsort(p_values, kind="stable")
    corrected = np.empty(len(p_values))
    corrected[order] = np.maximum.accumulate(
        np.asarray(p_values)[order] * (len(p_values) - np.arange(len(order)))
    )
    return np.minimum(corrected, 1.0).tolist()


def two_sided_p(differences: Float[np.ndarray, "resamples ..."]) -> Float[np.ndarray, "..."]:
    """Twice the smaller share of resamples on either side of 0, at most 1."""
    smaller = np.minimum((differences <= 0).sum(axis=0), (differences >= 0).sum(axis=0))
    return np.asarray(np.minimum(1.0, 2 * (smaller + 1) / (len(differences) + 1)))


def _mean(tasks: Sequence[Difference], drawn: Sequence[np.ndarray]) -> Difference:
    """Over tasks of equal weight, each resampled on its own: strata."""
    a, b = (float(np.mean([getattr(one, side) for one in tasks])) for side in ("a", "b"))
    prompts, of = sum(one.prompts for one in tasks), sum(one.of for one in tasks)
    mean = np.mean(drawn, axis=0)
    p = float(two_sided_p(mean))
    return Difference(MEAN, prompts, of, a, b, interval_estimate(a - b, mean), p, None)
