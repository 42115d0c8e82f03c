"""Two models on the same prompts: the difference of their scores, with intervals and corrected p-values.

D = S_A − S_B = Σ (ξ_A − ξ_B) / Σ (ξ_base − ξ_0) on each task, from the errors of both on the same prompts.
Prompts are resampled as for every interval (`icl_bench.ranking.resampled`), the same ones for both, so what
makes a prompt hard for both cancels. The p-value is that of the two-sided percentile bootstrap, twice the
smaller share of resamples at or beyond 0 with one added to either count (Davison & Hinkley 1997, chapter
4), and is corrected for the number of tasks by Holm's method (Holm 1979).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from icl_bench.errors import InputError
from icl_bench.ranking.resampled import Contender, Sampled, sample_task
from icl_bench.scoring.scores import interval_estimates
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
    contrasts = [Contrast(task, sample_task(suite, task, [a, b])["score"], 0, {b.name: 1}) for task in shared]
    return differences(contrasts, len(wanted))[b.name]


@dataclass(frozen=True)
class Contrast:
    """One model and others on a task, by their places among the models whose scores are sampled."""

    task: str
    sampled: Sampled
    a: int
    others: Mapping[str, int]

    def found(self) -> "_Found":
        """What separates it from every other."""
        one, places = self.sampled, list(self.others.values())
        estimates, drawn = one.differences(self.a, places)
        scores = [score if np.isfinite(score) else None for score in one.scores[[self.a, *places]].tolist()]
        tested = [each.low is not None for each in estimates]
        return _Found(self, scores, estimates, np.where(tested, two_sided_p(drawn), np.nan), drawn)


@dataclass(frozen=True)
class _Found:
    """The differences of a contrast; a p-value is NaN where there is no interval."""

    of: Contrast
    scores: Sequence[float | None]  # of the one, then of the others
    estimates: Sequence[Estimate]
    p: Float[np.ndarray, " others"]
    drawn: Float[np.ndarray, "resamples others"]

    def each(self, p_corrected: Mapping[str, float]) -> Iterator[tuple[str, Difference]]:
        """Each of the others, and the difference from it."""
        task, sampled = self.of.task, self.of.sampled
        a, *scores = self.scores
        for name, b, estimate, p in zip(self.of.others, scores, self.estimates, self.p.tolist(), strict=True):
            both = (None, None) if estimate.low is None else (p, p_corrected[name])
            yield name, Difference(task, sampled.prompts, sampled.suite_prompts, a, b, estimate, *both)

    def drawn_of(self, names: Sequence[str]) -> Float[np.ndarray, "names resamples"]:
        """Those of some of the others: the resamples of one lie side by side."""
        columns = {name: column for column, name in enumerate(self.of.others)}
        return self.drawn.T[[columns[name] for name in names]]


def differences(contrasts: Sequence[Contrast], wanted: int) -> dict[str, list[Difference]]:
    """By other model, a difference for each task, then, where all that are wanted have one with an interval,
    that of their mean: a mean over fewer would be another quantity from pair to pair."""
    names = list(dict.fromkeys(name for one in contrasts for name in one.others))
    found = [one.found() for one in contrasts]
    p_values = np.full((len(found), len(names)), np.nan)
    columns = {name: column for column, name in enumerate(names)}
    for row, one in zip(p_values, found, strict=True):
        row[[columns[name] for name in one.of.others]] = one.p
    by_other: dict[str, list[Difference]] = {name: [] for name in names}
    for one, corrected in zip(found, holm(p_values).tolist(), strict=True):
        for name, told in one.each(dict(zip(names, corrected, strict=True))):
            by_other[name].append(told)
    if len(found) == wanted > 1:
        tested = np.isfinite(p_values).all(axis=0)
        complete = [name for name, whole in zip(names, tested, strict=True) if whole]
        for name, mean in _means(found, complete, by_other):
            by_other[name].append(mean)
    return by_other


def _means(
    found: Sequence[_Found], names: Sequence[str], by_other: Mapping[str, Sequence[Difference]]
) -> Iterator[tuple[str, Difference]]:
    """Over tasks of equal weight, each resampled on its own: strata. `names` are those with every task."""
    if not names:
        return
    drawn = np.mean([one.drawn_of(names) for one in found], axis=0).T
    ab = np.array([[(one.a, one.b) for one in by_other[name]] for name in names]).mean(axis=1)
    estimates = interval_estimates(ab[:, 0] - ab[:, 1], drawn)
    for name, (a, b), estimate, p in zip(
        names, ab.tolist(), estimates, two_sided_p(drawn).tolist(), strict=True
    ):
        prompts, of = (sum(getattr(one, what) for one in by_other[name]) for what in ("prompts", "of"))
        yield name, Difference(MEAN, prompts, of, a, b, estimate, p, None)


def holm(p_values: Float[np.ndarray, "tests ..."]) -> Float[np.ndarray, "tests ..."]:
    """Holm's step-down correction: the i-th smallest of m times (m − i), never falling, at most 1. Tests that
    were not made are NaN; they stay it, and are not counted."""
    order = np.argsort(p_values, axis=0, kind="stable")  # NaN last
    smallest_first = np.take_along_axis(p_values, order, axis=0)
    times = np.isfinite(p_values).sum(axis=0) - np.indices(p_values.shape)[0]
    corrected = np.empty_like(p_values)
    np.put_along_axis(corrected, order, np.maximum.accumulate(smallest_first * times, axis=0), axis=0)
    return np.minimum(corrected, 1.0)


def two_sided_p(differences: Float[np.ndarray, "resamples ..."]) -> Float[np.ndarray, "..."]:
    """Twice the smaller share of resamples on either side of 0, at most 1."""
    smaller = np.minimum((differences <= 0).sum(axis=0), (differences >= 0).sum(axis=0))
    return np.asarray(np.minimum(1.0, 2 * (smaller + 1) / (len(differences) + 1)))
