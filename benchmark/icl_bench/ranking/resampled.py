"""Metrics of several models on the same prompts: of each run, of their mean, and what these may vary by.

Every statement that compares models comes from these: the metric of one with its interval, the difference of
two, places on a board. Prompts are resampled as for every interval (`icl_bench.scoring.scores`), the same
ones for all models. A model may have several runs of each task, trained with different seeds. Its metric is
the mean over runs, on a resample the mean over the same runs on the drawn prompts. What other runs would
change is told from how much the runs of all models differ (`icl_bench.ranking.seeds`), and on an
all-or-nothing task from how many of them learned (`icl_bench.ranking.modes`). Baselines are not trained
beforehand and have no seeds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from icl_bench.errors import InputError
from icl_bench.frozen.anchors import Anchors, suite_anchors
from icl_bench.predictor import BASELINE_PREFIX, Missing
from icl_bench.ranking.sampled import Sampled, Scale
from icl_bench.ranking.seeds import UNKNOWN, SeedVariance, pooled_variance
from icl_bench.scoring.metric import Metric, metrics
from icl_bench.scoring.scores import (
    PromptErrors,
    bootstrap_key,
    resampled_sums,
)
from icl_bench.specs.division import OPEN, Division
from icl_bench.suites import Suite

Runs = Mapping[str, Mapping[int, PromptErrors]]  # by task and by the seed that the run was trained with


@dataclass(frozen=True)
class Contender:
    """A model: its name, and the errors of each of its runs."""

    name: str
    runs: Runs
    values: Mapping[str, Runs] = field(default_factory=dict)  # by metric, those of metrics with their own
    # with seeds of its own; None where nobody said, as of a Python object; not what was pretrained elsewhere
    trained: bool | None = True
    doubts: Sequence[str] = ()  # why its errors may not be what they seem, as its records have it
    division: Division = OPEN  # places are given within one

    @property
    def is_baseline(self) -> bool:
        """Baselines are not trained beforehand: another seed changes nothing."""
        return self.name.startswith(BASELINE_PREFIX)

    @property
    def one_run(self) -> bool:
        """Whether one of its tasks was trained once alone."""
        return self.has_seeds and any(len(runs) == 1 for runs in self.runs.values())

    @property
    def has_seeds(self) -> bool:
        """Whether another seed could give other numbers: not of baselines, nor of pretrained models."""
        return not self.is_baseline and self.trained is not False

    def columns(self, task: str, metric: Metric) -> Mapping[int, PromptErrors] | None:
        """What a metric is computed from, by seed; None where that is not known of every run."""
        runs = self.runs[task]
        if not metric.has_values:
            return runs
        values = self.values.get(metric.type, {}).get(task, {})
        return values if values.keys() == runs.keys() else None


SampledTask = dict[str, Sampled]  # by metric: the models of a task in the same order in each


def sample_task(suite: Suite, task: str, contenders: Sequence[Contender]) -> SampledTask:
    """The metrics of contenders that all have runs of a task; InputError where one has none.

    The variance between seeds is pooled over them all.
    """
    for contender in contenders:
        if not contender.runs.get(task):
            name = suite.full_name(task)
            raise InputError(
                f"{contender.name} has no run of {name}; give the errors of at least one", code="no-run"
            )
    anchors = suite_anchors(suite, suite.task(task))
    drawn = _Drawn(suite, task, contenders, anchors)
    by_metric = {
        name: drawn.sampled(metric) for name, metric in metrics(suite.task(task), on_board=True).items()
    }
    return {name: replace(sampled, seeds=seed_variance([sampled])) for name, sampled in by_metric.items()}


def seed_variance(samples: Sequence[Sampled]) -> SeedVariance:
    """Between runs, pooled over the models of samples of one metric on a graded task."""
    if any(sampled.scale is not None for sampled in samples):
        return UNKNOWN
    return pooled_variance(
        [
            values
            for sampled in samples
            for values, trained in zip(sampled.by_run, sampled.trained, strict=True)
            if trained and np.isfinite(values).all()
        ]
    )


class _Drawn:
    """Sums of errors and own values of all runs of a task, as they are and resampled."""

    def __init__(self, suite: Suite, task: str, contenders: Sequence[Contender], anchors: Anchors) -> None:
        self._suite, self._task, self._contenders = suite, suite.task(task), contenders
        self._key = bootstrap_key(suite.full_name(task))
        self._runs = [contender.runs[task] for contender in contenders]
        self._anchors = {"baseline": anchors.baseline, "exact": anchors.exact}
        self._columns: dict[Any, PromptErrors] = {"zero": anchors.zero.errors, "floor": anchors.floor.errors}
        self._columns |= self._run_columns("", self._runs)
        self._shortest = min(map(len, self._columns.values()))
        self._sums: dict[int, tuple[np.ndarray, np.ndarray, list[Any]]] = {}

    def sampled(self, metric: Metric) -> Sampled:
        """The metric of each contender: the mean over its runs."""
        base = getattr(self._task, metric.anchor) if metric.anchor else ""
        anchor = self._anchors[metric.anchor] if metric.anchor else None
        known = [contender.columns(self._task.name, metric) for contender in self._contenders]
        reasons = [None if columns else f"{metric.heading} is not recorded" for columns in known]
        prompts = self._shortest
        if isinstance(anchor, Missing):
            reasons = [anchor.reason] * len(known)
        elif anchor is not None:
            prompts = min(prompts, anchor.prompts)
        if all(reasons):
            by_run = [np.full(len(runs), np.nan) for runs in self._runs]
            resampled = np.full((self._suite.spec.resamples, len(known)), np.nan)
            scale = None
        else:
            if metric.has_values:
                self._columns |= self._run_columns(metric.type, [columns or {} for columns in known])
            by_run, resampled, scale = self._of_runs(metric, prompts)
        trained = [contender.has_seeds for contender in self._contenders]
        return Sampled(base, prompts, self._suite.spec.prompts, by_run, resampled, reasons, trained, scale)

    def _of_runs(self, metric: Metric, prompts: int) -> tuple[list[np.ndarray], np.ndarray, Scale | None]:
        """The metric of each run, the mean over runs on each resample, and the metric's scale; NaN where a
        run has no values of the metric."""
        totals, drawn, keys = self._sums_of_first(prompts)
        own = metric.type if metric.has_values else ""
        runs = [(own, place, seed) for place, runs in enumerate(self._runs) for seed in runs]
        columns = {key: column for column, key in enumerate(keys)}
        places = [columns.get(run, columns["zero"]) for run in runs]
        count = prompts * self._task.scored_points.count

        def computed(sums: np.ndarray, columns: list[int]) -> np.ndarray:
            anchor, origin = (_column(sums, keys, key) for key in (metric.anchor, metric.origin))
            return metric.compute(sums[:, columns], anchor, origin, count)

        scores, resampled = (_by_model(computed(sums, places), self._runs) for sums in (totals, drawn))
        scale = None
        if self._task.learned_at is not None and "exact" in keys and not metric.has_values:
            floor, exact = computed(totals, [keys.index("floor"), keys.index("exact")])[0].tolist()
            scale = Scale(floor, exact, self._task.learned_at)
        means = np.stack([values.mean(axis=1) for values in resampled], axis=1)
        return [values[0] for values in scores], means, scale

    def _sums_of_first(self, prompts: int) -> tuple[np.ndarray, np.ndarray, list[Any]]:
        """Sums over the first `prompts` (1, columns), on each resample (resamples, columns), and what each
        column is of."""
        columns = dict(self._columns)
        for name, anchor in self._anchors.items():
            if not isinstance(anchor, Missing) and anchor.prompts >= prompts:
                columns[name] = anchor.errors
        known = self._sums.get(prompts)
        if known is None or known[2] != list(columns):
            first = [column[:prompts] for column in columns.values()]
            drawn = resampled_sums(np.stack(first, axis=1), self._suite.spec.resamples, self._key)
            totals = np.array([[column.sum() for column in first]])  # summed as in a record
            self._sums[prompts] = known = totals, drawn, list(columns)
        return known

    @staticmethod
    def _run_columns(metric: str, runs: Sequence[Mapping[int, PromptErrors]]) -> dict[Any, PromptErrors]:
        return {
            (metric, place, seed): column
            for place, by_seed in enumerate(runs)
            for seed, column in by_seed.items()
        }


def _column(sums: np.ndarray, keys: list[Any], key: str | None) -> np.ndarray:
    """The column of a key (rows, 1); NaN for None."""
    return np.full((len(sums), 1), np.nan) if key is None else sums[:, [keys.index(key)]]


def _by_model(by_run: np.ndarray, runs: Sequence[Mapping[int, PromptErrors]]) -> list[np.ndarray]:
    """The columns of each model's runs."""
    return np.split(by_run, np.cumsum([len(seeds) for seeds in runs])[:-1], axis=1)
