"""What separates two models on the same prompts, task by task and over tasks, with corrected p-values.

Prompts are resampled as for every interval (`icl_bench.ranking.resampled`), the same ones for both, so what
makes a prompt hard for both cancels. Intervals and p-values are those of `icl_bench.ranking.spread`; p-values
are two-sided, and corrected for the number of tasks by Holm's method (Holm 1979, Scandinavian Journal of
Statistics 6:65).

There are two means of tasks at equal weight: over the graded ones, which is the headline of a board, and over
all, by which it is sorted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from icl_bench.errors import InputError
from icl_bench.ranking.resampled import Contender, sample_task, seed_variance
from icl_bench.ranking.sampled import Sampled
from icl_bench.ranking.spread import SIGNIFICANT, Terms, holm, mean_terms
from icl_bench.scoring.scores import without_estimate
from icl_bench.specs.result import Estimate
from icl_bench.suites import Suite

METRIC = "gain"  # that models are compared by
FEWEST_PROMPTS = 64  # of a task, for a p-value and a verdict
GRADED = "mean over graded tasks"
MEAN = "mean over tasks"


@dataclass(frozen=True)
class Difference:
    """What separates A from B on one task, or on the mean over tasks."""

    task: str
    prompts: int  # that both, and the task's baseline, have errors of: the first ones
    suite_prompts: int  # that the suite has
    a: float | None  # gains on those prompts
    b: float | None
    difference: Estimate  # a − b
    p: float | None  # uncorrected
    p_corrected: float | None  # for the number of tasks; None for the mean, which is one test
    of_runs: bool = False  # whether nothing is known of other seeds: it is that of these runs alone

    @property
    def better(self) -> str | None:
        """`A` or `B` where they differ significantly, else None."""
        p = self.p if self.p_corrected is None else self.p_corrected
        if p is None or self.difference.value is None or p >= SIGNIFICANT:
            return None
        return "A" if self.difference.value > 0 else "B"

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        ends = {"low": self.difference.low, "high": self.difference.high, "reason": self.difference.reason}
        gains = {"gain_a": self.a, "gain_b": self.b, "difference": self.difference.value}
        row = {"task": self.task, "prompts": self.prompts, "of": self.suite_prompts, **gains, **ends}
        tested = {"p": self.p, "p_corrected": self.p_corrected, "better": self.better}
        return row | tested | {"of_runs": self.of_runs}


def compare_contenders(
    suite: Suite,
    a: Contender,
    b: Contender,
    tasks: Sequence[str] | None = None,
    pooled_with: Sequence[Contender] = (),
) -> list[Difference]:
    """A difference for each of the tasks (the suite's, by default) that both have errors of, in the suite's
    order; where that is every one of them, also those of their means.

    pooled_with: further models whose runs tell how much seeds differ. InputError where a and b share no task.
    """
    wanted = [task for task in suite.tasks if tasks is None or task in tasks]
    shared = [task for task in wanted if a.runs.get(task) and b.runs.get(task)]
    if not shared:
        raise InputError(
            f"{a.name} and {b.name} have no task of {suite.name} in common; evaluate both on one",
            code="no-common-task",
        )
    contrasts = []
    for task in shared:
        sampled = sample_task(suite, task, [a, b])[METRIC]
        known = [model for model in pooled_with if len(model.runs.get(task, ())) > 1]
        if known:
            sampled = replace(
                sampled, seeds=seed_variance([sampled, sample_task(suite, task, known)[METRIC]])
            )
        contrasts.append(Contrast(task, sampled, 0, {b.name: 1}))
    return differences(contrasts, suite, wanted)[b.name]


@dataclass(frozen=True)
class Contrast:
    """One model and others on a task, by their places among the models whose gains are sampled."""

    task: str
    sampled: Sampled
    a: int
    others: Mapping[str, int]

    def tested(self) -> "_Tested":
        """What separates it from every other."""
        places = list(self.others.values())
        terms = self.sampled.differences(self.a, places)
        own = self.sampled.estimates
        estimates = []
        for place, estimate in zip(places, terms.estimates(), strict=True):
            missing = next((own[k] for k in (self.a, place) if own[k].low is None), None)
            estimates.append(estimate if missing is None else _without_interval(estimate, missing))
        enough = self.sampled.prompts >= FEWEST_PROMPTS
        whole = [enough and estimate.low is not None for estimate in estimates]
        return _Tested(self, terms, estimates, np.where(whole, terms.p_values(), np.nan))

    def of_runs(self, place: int) -> bool:
        """Whether the difference from another is that of these training runs alone."""
        sampled = self.sampled
        trained = sampled.trained[self.a] or sampled.trained[place]
        return trained and sampled.scale is None and sampled.seeds.degrees == 0

    def gain(self, place: int) -> float | None:
        """Of one model, the mean over its runs."""
        return self.sampled.estimates[place].value


def _without_interval(estimate: Estimate, missing: Estimate) -> Estimate:
    """A difference that has no interval, for the reason that one of the two has none."""
    if missing.value is None or estimate.value is None or not np.isfinite(estimate.value):
        return without_estimate(missing.reason or "")
    return Estimate(value=estimate.value, low=None, high=None, reason=missing.reason)


@dataclass(frozen=True)
class _Tested:
    """The differences of a contrast; a p-value is NaN where there is no interval."""

    contrast: Contrast
    terms: Terms
    estimates: Sequence[Estimate]
    p: Float[np.ndarray, " others"]

    def each(self, p_corrected: Mapping[str, float]) -> Iterator[tuple[str, Difference]]:
        """Each of the others, and the difference from it."""
        contrast, sampled = self.contrast, self.contrast.sampled
        a = contrast.gain(contrast.a)
        rows = zip(contrast.others.items(), self.estimates, self.p.tolist(), strict=True)
        for (name, place), estimate, p in rows:
            known = bool(np.isfinite(p))
            yield (
                name,
                Difference(
                    contrast.task,
                    sampled.prompts,
                    sampled.suite_prompts,
                    a,
                    contrast.gain(place),
                    estimate,
                    p if known else None,
                    p_corrected[name] if known else None,
                    of_runs=contrast.of_runs(place),
                ),
            )

    def terms_for(self, names: Sequence[str]) -> Terms:
        """Of some of the others."""
        columns = {name: column for column, name in enumerate(self.contrast.others)}
        return self.terms.take([columns[name] for name in names])


def differences(
    contrasts: Sequence[Contrast], suite: Suite, wanted: Sequence[str]
) -> dict[str, list[Difference]]:
    """By other model, a difference for each task, then those of means over the wanted tasks, where each has
    one with an interval: a mean over fewer would be another quantity from pair to pair."""
    names = list(dict.fromkeys(name for contrast in contrasts for name in contrast.others))
    tasks = [contrast.tested() for contrast in contrasts]
    p_values = np.full((len(tasks), len(names)), np.nan)
    whole = np.zeros(p_values.shape, dtype=bool)
    columns = {name: column for column, name in enumerate(names)}
    for row, known, task in zip(p_values, whole, tasks, strict=True):
        held = [columns[name] for name in task.contrast.others]
        row[held] = task.p
        known[held] = [estimate.low is not None for estimate in task.estimates]
    by_other: dict[str, list[Difference]] = {name: [] for name in names}
    for task, corrected in zip(tasks, holm(p_values).tolist(), strict=True):
        for name, difference in task.each(dict(zip(names, corrected, strict=True))):
            by_other[name].append(difference)
    for label, group in averaged_tasks(suite, wanted).items():
        rows = [k for k, task in enumerate(tasks) if task.contrast.task in group]
        complete = [name for name in names if whole[rows, columns[name]].all()]
        if complete and len(rows) == len(group) > 1:
            means = list(_means(label, [tasks[row] for row in rows], complete, by_other))
            for name, mean in means:
                by_other[name].append(mean)
    return by_other


def averaged_tasks(suite: Suite, wanted: Sequence[str]) -> dict[str, list[str]]:
    """The tasks of each mean over these: the graded ones, where there are others, and all."""
    graded = [task for task in wanted if suite.task(task).learned_at is None]
    return ({GRADED: graded} if 0 < len(graded) < len(wanted) else {}) | {MEAN: list(wanted)}


def _means(
    label: str, tasks: Sequence[_Tested], names: Sequence[str], by_other: Mapping[str, Sequence[Difference]]
) -> Iterator[tuple[str, Difference]]:
    """Over tasks of equal weight; `names` are those that have every one."""
    terms = mean_terms([task.terms_for(names) for task in tasks])
    averaged = {task.contrast.task for task in tasks}
    rows_by_name = [[row for row in by_other[name] if row.task in averaged] for name in names]
    gains = np.array([[[row.a, row.b] for row in rows] for rows in rows_by_name], dtype=float)
    sides = np.ascontiguousarray(gains.transpose(0, 2, 1)).mean(axis=2).tolist()
    rows = zip(names, rows_by_name, sides, terms.estimates(), terms.p_values().tolist(), strict=True)
    for name, known, (a, b), estimate, p in rows:
        prompts = sum(row.prompts for row in known)
        suite_prompts = sum(row.suite_prompts for row in known)
        of_runs = any(row.of_runs for row in known)
        tested = None if any(row.p is None for row in known) else p
        yield name, Difference(label, prompts, suite_prompts, a, b, estimate, tested, None, of_runs)
