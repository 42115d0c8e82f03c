"""Two models on the same prompts: the difference of their scores, with intervals and corrected p-values.

D = S_A − S_B = Σ (ξ_A − ξ_B) / Σ (ξ_base − ξ_0) on each task, from the errors of both on the same prompts.
Prompts are resampled as for every interval (`icl_bench.ranking.resampled`), the same ones for both, so what
makes a prompt hard for both cancels. The p-value is that of the two-sided percentile bootstrap, twice the
smaller share of resamples at or beyond 0 with one added to either count (Davison & Hinkley 1997, chapter
4), and is corrected for the number of tasks by Holm's method (Holm 1979).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from icl_bench.errors import InputError
from icl_bench.ranking.contenders import ComparedModel, contenders
from icl_bench.ranking.resampled import Contender, Sampled, sample_task
from icl_bench.scoring.scores import interval_estimates
from icl_bench.specs.result import Estimate
from icl_bench.suites import Suite, chosen_tasks, load_suite

if TYPE_CHECKING:
    import pandas as pd

SIGNIFICANT = 0.05  # corrected p-values below it count as a difference
MEAN = "mean over tasks"


@dataclass(frozen=True)
class Difference:
    """What separates A from B on one task, or on the mean over tasks."""

    task: str
    prompts: int  # that both, and the task's baseline, have errors of: the first ones
    suite_prompts: int  # that the suite has
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

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        ends = {"low": self.difference.low, "high": self.difference.high, "reason": self.difference.reason}
        scores = {"score_a": self.a, "score_b": self.b, "difference": self.difference.value}
        row = {"task": self.task, "prompts": self.prompts, "of": self.suite_prompts, **scores, **ends}
        return row | {"p": self.p, "p_corrected": self.p_corrected, "better": self.better}


@dataclass(frozen=True)
class Comparison:
    """Two models on the same prompts of a suite."""

    suite: str
    a: str  # the names of the models
    b: str
    differences: list[Difference]  # a task each, then that of their mean
    runs: dict[str, int]  # of "A" and "B", the most training runs of a task
    trained_once: list[str]  # which of "A" and "B" have a task with one training run
    perhaps_trained_once: list[str]  # the same, of what is not known to be trained: Python objects
    lacking: dict[str, list[str]]  # the tasks that "A" and "B" have no errors of, which are left out
    resamples: int  # that every interval and p-value is computed from

    def to_dict(self) -> dict[str, Any]:
        """As plain data, a mapping a task."""
        sides = {"suite": self.suite, "a": self.a, "b": self.b, "runs": self.runs, "lacking": self.lacking}
        once = {"trained_once": self.trained_once, "perhaps_trained_once": self.perhaps_trained_once}
        differences = [difference.to_dict() for difference in self.differences]
        return sides | once | {"differences": differences}

    def to_frame(self) -> "pd.DataFrame":
        """A pandas table, one row a task; NaN where a number is not known."""
        import pandas as pd

        frame = pd.DataFrame([difference.to_dict() for difference in self.differences])
        names = {"suite": self.suite, "a": self.a, "b": self.b}
        for place, (column, name) in enumerate(names.items()):
            frame.insert(place, column, name)
        return frame


def compare(
    a: ComparedModel,
    b: ComparedModel,
    suite: str = "mini",
    tasks: str | Sequence[str] | None = None,
    *,
    device: str | None = None,
    progress: bool = False,
) -> Comparison:
    """Compare two models on the same prompts, task by task, with 95% intervals of the difference.

    Of models on the board what is recorded is taken, of baselines what is frozen; other models are evaluated.
    p-values are corrected for the number of tasks (Holm); that of the mean over tasks is one test.

    Args:
        a: a model's name, as for `icl_bench.evaluate`, a result record, the path of one, the folder of a
            model's seeds, or a sequence of records, their paths and folders: runs of one model, pooled as
            on a board.
        b: the other one.
        suite: its name, as `mini` or `paper-v1`.
        tasks: names, or one name, to restrict the suite to.
        device: where checkpoints compute that are evaluated, `cpu` unless given.
        progress: show evaluations on standard error.

    Scores have no unit: 0 is answering 0, and 1 is the task's baseline.

    Raises InputError where a name does not exist, a record is of another suite, or the two have no task in
    common, and CheckError where a model that is evaluated breaks a rule of the benchmark.

    >>> comparison = icl_bench.compare("baseline/ridge", "baseline/zero", tasks="linear_regression")
    >>> [(difference.task, difference.better) for difference in comparison.differences]
    [('linear_regression', 'A')]
    """
    frozen = load_suite(suite)
    chosen = chosen_tasks(frozen, tasks)
    first, second = contenders([a, b], frozen, chosen, device, progress)
    sides = {"A": first, "B": second}
    once = {side: model.trained for side, model in sides.items() if model.one_run}
    return Comparison(
        suite=frozen.name,
        a=first.name,
        b=second.name,
        differences=compare_contenders(frozen, first, second, chosen),
        runs={side: max(map(len, model.runs.values()), default=0) for side, model in sides.items()},
        trained_once=[side for side, trained in once.items() if trained],
        perhaps_trained_once=[side for side, trained in once.items() if trained is None],
        lacking={side: [task for task in chosen if task not in model.runs] for side, model in sides.items()},
        resamples=frozen.spec.resamples,
    )


def compare_contenders(
    suite: Suite, a: Contender, b: Contender, tasks: Sequence[str] | None = None
) -> list[Difference]:
    """A difference for each of the tasks (the suite's, by default) that both have errors of, in the suite's
    order; where that is every one of them, also that of the mean over tasks.

    InputError where they share no task.
    """
    wanted = [task for task in suite.tasks if tasks is None or task in tasks]
    shared = [task for task in wanted if a.runs.get(task) and b.runs.get(task)]
    if not shared:
        raise InputError(
            f"{a.name} and {b.name} have no task of {suite.name} in common; evaluate both on one",
            code="no-common-task",
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

    def tested(self) -> "_Tested":
        """What separates it from every other."""
        places = [self.a, *self.others.values()]
        estimates, drawn = self.sampled.differences(self.a, places[1:])
        scores = [score if np.isfinite(score) else None for score in self.sampled.scores[places].tolist()]
        known = [estimate.low is not None for estimate in estimates]
        return _Tested(self, scores, estimates, np.where(known, two_sided_p(drawn), np.nan), drawn)


@dataclass(frozen=True)
class _Tested:
    """The differences of a contrast; a p-value is NaN where there is no interval."""

    contrast: Contrast
    scores: Sequence[float | None]  # of the one model, then of the others
    estimates: Sequence[Estimate]
    p: Float[np.ndarray, " others"]
    drawn: Float[np.ndarray, "resamples others"]

    def each(self, p_corrected: Mapping[str, float]) -> Iterator[tuple[str, Difference]]:
        """Each of the others, and the difference from it."""
        task, sampled = self.contrast.task, self.contrast.sampled
        prompts, (a, *scores) = (sampled.prompts, sampled.suite_prompts), self.scores
        rows = zip(self.contrast.others, scores, self.estimates, self.p.tolist(), strict=True)
        for name, b, estimate, p in rows:
            both = (None, None) if estimate.low is None else (p, p_corrected[name])
            yield name, Difference(task, *prompts, a, b, estimate, *both)

    def drawn_for(self, names: Sequence[str]) -> Float[np.ndarray, "names resamples"]:
        """The resampled differences from some of the others, those of one model side by side."""
        columns = {name: column for column, name in enumerate(self.contrast.others)}
        return self.drawn.T[[columns[name] for name in names]]


def differences(contrasts: Sequence[Contrast], wanted: int) -> dict[str, list[Difference]]:
    """By other model, a difference for each task, then, where all that are wanted have one with an interval,
    that of their mean: a mean over fewer would be another quantity from pair to pair."""
    names = list(dict.fromkeys(name for contrast in contrasts for name in contrast.others))
    tasks = [contrast.tested() for contrast in contrasts]
    p_values = np.full((len(tasks), len(names)), np.nan)
    columns = {name: column for column, name in enumerate(names)}
    for row, task in zip(p_values, tasks, strict=True):
        row[[columns[name] for name in task.contrast.others]] = task.p
    by_other: dict[str, list[Difference]] = {name: [] for name in names}
    for task, corrected in zip(tasks, holm(p_values).tolist(), strict=True):
        for name, difference in task.each(dict(zip(names, corrected, strict=True))):
            by_other[name].append(difference)
    if len(tasks) == wanted > 1:
        whole = np.isfinite(p_values).all(axis=0)
        complete = [name for name, known in zip(names, whole, strict=True) if known]
        for name, mean in _means(tasks, complete, by_other):
            by_other[name].append(mean)
    return by_other


def _means(
    tasks: Sequence[_Tested], names: Sequence[str], by_other: Mapping[str, Sequence[Difference]]
) -> Iterator[tuple[str, Difference]]:
    """Over tasks of equal weight, each resampled on its own: strata. `names` are those with every task."""
    if not names:
        return
    drawn = np.mean([task.drawn_for(names) for task in tasks], axis=0).T
    ab = np.array([[(task.a, task.b) for task in by_other[name]] for name in names]).mean(axis=1)
    estimates = interval_estimates(ab[:, 0] - ab[:, 1], drawn)
    for name, (a, b), estimate, p in zip(
        names, ab.tolist(), estimates, two_sided_p(drawn).tolist(), strict=True
    ):
        prompts = sum(task.prompts for task in by_other[name])
        suite_prompts = sum(task.suite_prompts for task in by_other[name])
        yield name, Difference(MEAN, prompts, suite_prompts, a, b, estimate, p, None)


def holm(p_values: Float[np.ndarray, "tests ..."]) -> Float[np.ndarray, "tests ..."]:
    """Holm's step-down correction: the i-th smallest of m times (m − i), never falling, at most 1. Tests that
    were not made stay NaN and are not counted."""
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
