"""Scores of several models on the same prompts, as they are and on each bootstrap resample.

Everything that is said of models side by side comes from these: the score of one with its interval, the
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
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from jaxtyping import Float

from icl_bench.errors import InputError
from icl_bench.evaluation.sources import BASELINE_PREFIX
from icl_bench.frozen.anchors import suite_anchors
from icl_bench.frozen.errors import BaselineErrors
from icl_bench.function_classes.streams import GRID, grid_normals, raw_words
from icl_bench.predictor import Missing
from icl_bench.scoring.scores import (
    PromptErrors,
    bootstrap_key,
    defined_estimates,
    model_scores,
    resampled_sums,
    without_estimate,
)
from icl_bench.specs.result import Estimate
from icl_bench.suites import Suite


@dataclass(frozen=True)
class Contender:
    """A model: its name, and by task the errors of each of its runs, by the seed that it was trained with."""

    name: str
    runs: Mapping[str, Mapping[int, PromptErrors]]

    @property
    def one_run(self) -> bool:
        """Whether one of its tasks was trained once alone: its intervals know nothing there of other seeds,
        and are usually narrower than those of several runs. Baselines are not trained beforehand."""
        return not self.name.startswith(BASELINE_PREFIX) and any(len(one) == 1 for one in self.runs.values())


@dataclass(frozen=True)
class Sampled:
    """Scores of models on one task against one base. Where there is no base they are NaN, and `reason` says
    why."""

    base: str
    prompts: int  # that all of them, the base and zero have errors of: the first ones
    of: int  # that the suite has
    scores: Float[np.ndarray, " models"]
    resampled: Float[np.ndarray, "resamples models"]
    reason: str | None = None

    @cached_property
    def estimates(self) -> list[Estimate]:
        """The score of each with its 95% interval."""
        found = self._estimates(self.scores, self.resampled)
        if self.prompts == self.of:
            return found
        return [one.model_copy(update={"prompts": self.prompts}) for one in found]

    def differences(
        self, a: int, others: Sequence[int]
    ) -> tuple[list[Estimate], Float[np.ndarray, "resamples others"]]:
        """How much higher the score of one is than those of others, with intervals, and on each resample."""
        rows = self.resampled.T
        drawn = (rows[a] - rows[list(others)]).T  # a resample of one difference lies beside the next
        return self._estimates(self.scores[a] - self.scores[list(others)], drawn), drawn

    def _estimates(self, values: np.ndarray, resampled: np.ndarray) -> list[Estimate]:
        if self.reason is not None:
            return [without_estimate(self.reason)] * len(values)
        return defined_estimates(values, resampled, self.base)


@dataclass(frozen=True)
class SampledTask:
    """Scores of models on one task: against its baseline, and against its exact predictor."""

    score: Sampled
    optimality: Sampled


def sample_task(suite: Suite, task: str, contenders: Sequence[Contender]) -> SampledTask:
    """Scores of contenders that all have runs of a task; InputError where one has none."""
    for one in contenders:
        if not one.runs.get(task):
            raise InputError(f"{one.name} has no run of {suite.name}/{task}; give the errors of at least one")
    of, anchors = suite.task(task), suite_anchors(suite, suite.task(task))
    runs = [one.runs[task] for one in contenders]
    bases = {of.baseline: anchors.baseline, of.exact: anchors.exact}
    sampled = _against(suite, task, runs, bases, anchors.zero.errors)
    return SampledTask(sampled[of.baseline], sampled[of.exact])


def _against(
    suite: Suite,
    task: str,
    runs: Sequence[Mapping[int, PromptErrors]],
    bases: Mapping[str, BaselineErrors | Missing],
    zero: PromptErrors,
) -> dict[str, Sampled]:
    """Scores at which each base has 1; those of bases on as many prompts are resampled at once."""
    flat = [run for one in runs for run in one.values()]
    shortest, found = min(map(len, flat)), {}
    by_prompts: dict[int, dict[str, PromptErrors]] = {}
    for name, base in bases.items():
        if isinstance(base, Missing):
            nothing = np.full((suite.spec.resamples, len(runs)), np.nan)
            found[name] = Sampled(name, shortest, suite.spec.prompts, nothing[0], nothing, base.reason)
        else:
            by_prompts.setdefault(min(shortest, base.prompts), {})[name] = base.errors
    for prompts, errors in by_prompts.items():
        columns = [column[:prompts] for column in (*flat, *errors.values(), zero)]
        key = bootstrap_key(suite.name, task)
        sums = resampled_sums(np.stack(columns, axis=1), suite.spec.resamples, key)
        totals = np.array([[column.sum() for column in columns]])  # summed as in a record
        for place, name in enumerate(errors, start=len(flat)):
            chosen = [*range(len(flat)), place, len(columns) - 1]
            scores, drawn = (_by_model(model_scores(one[:, chosen]), runs) for one in (totals, sums))
            means = np.array([one.mean() for one in scores])
            by_model = [
                mean.mean(axis=1) + _other_runs(score[0], tuple(seeds), key, len(mean))
                for mean, score, seeds in zip(drawn, scores, runs, strict=True)
            ]
            resampled = np.array(by_model).T  # the resamples of one model lie side by side
            found[name] = Sampled(name, prompts, suite.spec.prompts, means, resampled)
    return found


def _by_model(by_run: np.ndarray, runs: Sequence[Mapping[int, PromptErrors]]) -> list[np.ndarray]:
    """The columns of each model's runs."""
    return np.split(by_run, np.cumsum([len(one) for one in runs])[:-1], axis=1)


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
