"""Scores of several models on the same prompts, as they are and on each bootstrap resample.

Every statement that compares models comes from these: the score of one with its interval, the
difference of two, ranks. Prompts are resampled as for every interval (`icl_bench.scoring.scores`), the
same ones for all models.

A model may have several runs of each task, trained with different seeds. Its score is the mean over runs. On
a resample it is the mean over the same runs on the drawn prompts, and a step that stands for other runs: with
s_i the scores of the n runs, the step is Σ_i g_i (s_i − s̄) / sqrt(n χ²), where the g_i are standard normals,
one a seed, and χ² the sum of n − 1 squared ones. Where runs are normally distributed and outweigh prompts the
interval is Student's t interval of the mean: two runs say little, five say more. Models share the g_i of the
seeds that they share, so that the interval of their difference is then that of a paired t test. With one run
there is no step: nothing is known of other runs, and the interval is that of its prompts alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float

from icl_bench.errors import InputError
from icl_bench.frozen.anchors import Anchors, suite_anchors
from icl_bench.function_classes.streams import GRID, grid_normals, raw_words
from icl_bench.predictor import BASELINE_PREFIX, Missing
from icl_bench.scoring.metric import Metric, metrics
from icl_bench.scoring.scores import (
    PromptErrors,
    bootstrap_key,
    defined_estimates,
    resampled_sums,
    without_estimate,
)
from icl_bench.specs.result import Estimate
from icl_bench.suites import Suite

Runs = Mapping[str, Mapping[int, PromptErrors]]  # by task and by the seed that the run was trained with


@dataclass(frozen=True)
class Contender:
    """A model: its name, and the errors of each of its runs."""

    name: str
    runs: Runs
    values: Mapping[str, Runs] = field(default_factory=dict)  # by metric, those of metrics with their own
    trained: bool | None = True  # None where nobody said whether it was, as of a Python object

    @property
    def one_run(self) -> bool:
        """Whether one of its tasks was trained once alone: its intervals know nothing there of other seeds,
        and are usually narrower than those of several runs. Baselines are not trained beforehand."""
        return not self.name.startswith(BASELINE_PREFIX) and any(
            len(runs) == 1 for runs in self.runs.values()
        )

    def columns(self, task: str, metric: Metric) -> Mapping[int, PromptErrors] | None:
        """What a metric is computed from, by seed; None where that is not known of every run."""
        runs = self.runs[task]
        if not metric.has_values:
            return runs
        values = self.values.get(metric.type, {}).get(task, {})
        return values if values.keys() == runs.keys() else None


@dataclass(frozen=True)
class Sampled:
    """A metric of models on one task. Where it is not defined it is NaN, and `reasons` says why."""

    base: str  # the predictor at which it is 1, empty where there is none
    prompts: int  # that all of them, the base and zero have errors of: the first ones
    suite_prompts: int  # that the suite has
    scores: Float[np.ndarray, " models"]
    resampled: Float[np.ndarray, "resamples models"]
    reasons: Sequence[str | None]  # one a model

    @cached_property
    def estimates(self) -> list[Estimate]:
        """The metric of each with its 95% interval."""
        estimates = self._estimates(self.scores, self.resampled, self.reasons)
        if self.prompts == self.suite_prompts:
            return estimates
        return [estimate.model_copy(update={"prompts": self.prompts}) for estimate in estimates]

    def differences(
        self, a: int, others: Sequence[int]
    ) -> tuple[list[Estimate], Float[np.ndarray, "resamples others"]]:
        """How much higher the score of one is than those of others, with intervals, and on each resample."""
        rows = self.resampled.T
        drawn = (rows[a] - rows[list(others)]).T  # a resample of one difference lies beside the next
        reasons = [self.reasons[a] or self.reasons[other] for other in others]
        return self._estimates(self.scores[a] - self.scores[list(others)], drawn, reasons), drawn

    def _estimates(
        self, values: np.ndarray, resampled: np.ndarray, reasons: Sequence[str | None]
    ) -> list[Estimate]:
        if all(reasons):  # nothing to look at, which takes longer than all else
            return [without_estimate(reason or "") for reason in reasons]
        estimates = defined_estimates(values, resampled, self.base)
        return [
            without_estimate(reason) if reason else estimate
            for reason, estimate in zip(reasons, estimates, strict=True)
        ]


SampledTask = Mapping[str, Sampled]  # by metric: the models of a task in the same order in each


def sample_task(suite: Suite, task: str, contenders: Sequence[Contender]) -> SampledTask:
    """The metrics of contenders that all have runs of a task; InputError where one has none."""
    for contender in contenders:
        if not contender.runs.get(task):
            name = suite.full_name(task)
            raise InputError(
                f"{contender.name} has no run of {name}; give the errors of at least one", code="no-run"
            )
    anchors = suite_anchors(suite, suite.task(task))
    drawn = _Drawn(suite, task, contenders, anchors)
    return {name: drawn.sampled(metric) for name, metric in metrics(suite.task(task), on_board=True).items()}


class _Drawn:
    """Sums of errors and own values of all runs of a task, as they are and resampled."""

    def __init__(self, suite: Suite, task: str, contenders: Sequence[Contender], anchors: Anchors) -> None:
        self._suite, self._task, self._contenders = suite, suite.task(task), contenders
        self._key = bootstrap_key(suite.full_name(task))
        self._runs = [contender.runs[task] for contender in contenders]
        self._anchors = {"baseline": anchors.baseline, "exact": anchors.exact}
        self._columns: dict[Any, PromptErrors] = {"zero": anchors.zero.errors}
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
            scores = np.full((self._suite.spec.resamples + 1, len(known)), np.nan)
        else:
            if metric.has_values:
                self._columns |= self._run_columns(metric.type, [columns or {} for columns in known])
            scores = self._means(metric, prompts)
        return Sampled(base, prompts, self._suite.spec.prompts, scores[0], scores[1:], reasons)

    def _means(self, metric: Metric, prompts: int) -> Float[np.ndarray, "rows models"]:
        """The mean over runs as it is, then on each resample; NaN where a run has no values of the metric."""
        totals, drawn, keys = self._sums_of_first(prompts)
        own = metric.type if metric.has_values else ""
        runs = [(own, place, seed) for place, runs in enumerate(self._runs) for seed in runs]
        places = [keys.index(run) if run in keys else keys.index("zero") for run in runs]
        zero = [keys.index("zero")]
        count = prompts * self._task.scored_points.count
        by_run = [
            metric.compute(sums[:, places], _column(sums, keys, metric.anchor), sums[:, zero], count)
            for sums in (totals, drawn)
        ]
        scores, resampled = (_by_model(values, self._runs) for values in by_run)
        means = np.array([values.mean() for values in scores])
        by_model = [
            mean.mean(axis=1) + _other_runs(values[0], tuple(seeds), self._key, len(mean))
            for mean, values, seeds in zip(resampled, scores, self._runs, strict=True)
        ]
        return np.concatenate([means[None], np.array(by_model).T])

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


def _other_runs(
    scores: Float[np.ndarray, " runs"], seeds: Sequence[int], key: str, resamples: int
) -> Float[np.ndarray, " resamples"] | float:
    """What other runs would add to the mean score, on each resample: nothing known where there is one run."""
    count = len(scores)
    if count == 1:
        return 0.0
    step = np.zeros(resamples)
    for seed, score in zip(seeds, scores - scores.mean(), strict=True):
        step += _normals(f"{key}/seed {seed}", resamples, 0) * score
    squares = np.zeros(resamples)
    for column in range(count - 1):
        squares += _normals(f"{key}/spread", resamples, column) ** 2
    return step / np.sqrt(count * squares)


@lru_cache(maxsize=256)
def _normals(key: str, resamples: int, column: int) -> Float[np.ndarray, " resamples"]:
    """Standard normals of a stream of its own, the same bits on any machine."""
    return grid_normals(raw_words(f"{key}/{column}", 0, resamples, 1)[:, 0]) * GRID
