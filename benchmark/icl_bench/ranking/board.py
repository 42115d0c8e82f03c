"""A board: models side by side on one suite, with places that say what they cannot separate.

All follows from gains on the same prompts (`icl_bench.ranking.resampled`). The variance between seeds of a
graded task is pooled over all models of the board.

Means: a model's mean over the graded tasks is the headline, that over all tasks what boards are sorted by.
Every task has the same weight. A model that lacks a task has no mean of it.

Place: 1 and the number of models of its division that are significantly better, in the paired difference of
means, corrected for all pairs of the division by Holm's method. Places are given of both means, among models
that have at least three training runs of every averaged task: fewer say next to nothing of another seed.

Resolvable: the median over neighbours of the half-width of the 95% interval of their paired difference in
the headline: about how far apart two neighbours have to be before one comparison separates them.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product

import numpy as np

from icl_bench.ranking.differences import (
    FEWEST_PROMPTS,
    GRADED,
    MEAN,
    METRIC,
    Contrast,
    Difference,
    averaged_tasks,
    compare_contenders,
    differences,
)
from icl_bench.ranking.modes import Learned
from icl_bench.ranking.places import NEEDED_RUNS, Measured, Place, pair_differences, placed
from icl_bench.ranking.resampled import Contender, SampledTask
from icl_bench.ranking.sampled import Sampled
from icl_bench.ranking.sampled_places import fewest_prompts, sampled_places
from icl_bench.ranking.spread import SIGNIFICANT, mean_terms
from icl_bench.resources import cores
from icl_bench.scoring.metric import metrics
from icl_bench.specs.division import DIVISIONS, OPEN, Division
from icl_bench.specs.result import Estimate
from icl_bench.suites import Suite


@dataclass(frozen=True)
class Standing:
    """What a board says of one model. Tasks that it has no runs of are left out."""

    name: str
    runs: Mapping[str, int]  # how many, by task
    estimates: Mapping[str, Mapping[str, Estimate]]  # by metric and task
    gains: Mapping[str, Mapping[int, float]]  # by task and seed
    learned: Mapping[str, Learned]  # by all-or-nothing task
    means: Mapping[str, Mapping[str, Estimate]]  # by metric, and by what they are over: GRADED, MEAN
    places: Mapping[str, Place] = field(default_factory=dict)  # by what the mean is over; only where placed
    unplaced: str | None = None  # why there is no place by the mean over all tasks
    division: Division = OPEN  # that its places are in
    one_run: bool = False  # as `Contender.one_run`
    has_seeds: bool = True  # as `Contender.has_seeds`
    above_exact: tuple[str, ...] = ()  # tasks whose exact predictor it beats by more than sampling explains

    @property
    def scores(self) -> Mapping[str, Estimate]:
        """The ICL regression score by task."""
        return self.estimates["score"]

    @property
    def mean(self) -> Estimate | None:
        """The mean gain over all tasks, by which boards are sorted."""
        return self.means[METRIC].get(MEAN)

    @property
    def graded(self) -> Estimate | None:
        """The mean gain over the graded tasks; over all where there is no other kind."""
        return self.means[METRIC].get(GRADED, self.mean)


class Board:
    """Models and baselines on a suite. Models are ranked among themselves; baselines are not ranked."""

    def __init__(
        self, suite: Suite, models: Sequence[Contender], baselines: Sequence[Contender] = ()
    ) -> None:
        self.suite = suite
        self._contenders = {model.name: model for model in (*models, *baselines)}
        self._metrics = metrics(suite.tasks.values(), on_board=True)
        self._sampled = self._sample()
        self.means = averaged_tasks(suite, list(suite.tasks))  # of which tasks, by what they are called
        self.learned_tasks = [name for name, task in suite.tasks.items() if task.learned_at is not None]
        standings = self._standings()
        complete, left = _best_first([standings[model.name] for model in models])
        self.models = [*self._with_places(complete), *left]  # the best first, then those without a mean
        self.resolvable = self._resolvable(complete)
        self.run_spread_known = all(map(self._knows_run_spread, self.means.get(GRADED, self.means[MEAN])))
        complete, left = _best_first([standings[model.name] for model in baselines])
        self.baselines = [*complete, *left]

    def differences(self, a: str, others: Sequence[str]) -> dict[str, list[Difference]]:
        """The differences between one of the board's and each of the others, as `compare_contenders` does it.

        InputError where it shares no task with one of them.
        """
        contrasts, whole = [], set(others)
        for task, places in self._sampled.items():
            held = {name: places[name] for name in (a, *others) if name in places}
            if a not in held:
                continue
            sampled, place = held.pop(a)
            # what has fewer prompts than the others is resampled on its own
            whole -= {name for name, (among, _) in held.items() if among is not sampled}
            beside = {name: k for name, (among, k) in held.items() if among is sampled}
            if beside:
                contrasts.append(Contrast(task, sampled[METRIC], place, beside))
        joint = differences(contrasts, self.suite, list(self.suite.tasks))
        alone = {
            name: self._alone(self._contenders[a], self._contenders[name])
            for name in others
            if name not in whole or name not in joint
        }
        return {name: alone.get(name) or joint[name] for name in others}

    @cached_property
    def together(self) -> dict[str, tuple[Sampled, dict[str, int]]]:
        """By task, where the gains of all with errors of every prompt are sampled, and the place of each: the
        difference of any two of them is a paired one."""
        shared = {}
        for task, by_name in self._sampled.items():
            whole = [name for name in by_name if self._has_every_prompt(name, task)]
            if whole:
                shared[task] = by_name[whole[0]][0][METRIC], {name: by_name[name][1] for name in whole}
        return shared

    def _has_every_prompt(self, name: str, task: str) -> bool:
        return fewest_prompts(self._contenders[name], task) == self.suite.spec.prompts

    def _sample(self) -> dict[str, dict[str, tuple[SampledTask, int]]]:
        """By task, where the scores of each are: several tasks at a time."""

        def sample(task: str) -> dict[str, tuple[SampledTask, int]]:
            return sampled_places(
                self.suite,
                task,
                [contender for contender in self._contenders.values() if contender.runs.get(task)],
            )

        with ThreadPoolExecutor(cores()) as pool:
            return dict(zip(self.suite.tasks, pool.map(sample, self.suite.tasks), strict=True))

    def _alone(self, a: Contender, b: Contender) -> list[Difference]:
        others = [model for model in self._contenders.values() if model not in (a, b)]
        trained = [model for model in others if not model.is_baseline]
        return compare_contenders(self.suite, a, b, pooled_with=trained)

    def _standings(self) -> dict[str, Standing]:
        means: dict[str, dict[str, dict[str, Estimate]]] = {name: {} for name in self._contenders}
        for metric in self._metrics:
            for name in self._contenders:
                means[name][metric] = {}
            for label, tasks in self.means.items():
                for name, estimate in self._means(metric, tasks):
                    means[name][metric][label] = estimate
        return {name: self._standing(contender, means[name]) for name, contender in self._contenders.items()}

    def _means(self, metric: str, tasks: Sequence[str]) -> Iterator[tuple[str, Estimate]]:
        """The mean of a metric over tasks, of everyone who has all of them with an interval."""
        together: dict[tuple[int, ...], list[str]] = {}  # those that are sampled together on every task
        for name in self._contenders:
            held = [self._sampled[task].get(name) for task in tasks]
            samples = [(by_metric.get(metric), place) for by_metric, place in filter(None, held)]
            if len(samples) == len(tasks) and all(
                sampled is not None and sampled.estimates[place].low is not None for sampled, place in samples
            ):
                together.setdefault(tuple(id(sampled) for sampled, _ in samples), []).append(name)
        for names in together.values():
            measured = [self._measured(task, metric, names) for task in tasks]
            terms = mean_terms([each.sampled.terms(each.places) for each in measured])
            fewest = min(each.sampled.prompts for each in measured)
            prompts = None if fewest == self.suite.spec.prompts else fewest
            for name, estimate in zip(names, terms.estimates(), strict=True):
                yield name, estimate.model_copy(update={"prompts": prompts})

    def _measured(self, task: str, metric: str, names: Sequence[str]) -> Measured:
        held = [self._sampled[task][name] for name in names]
        return Measured(held[0][0][metric], [place for _, place in held])

    def _standing(self, contender: Contender, means: Mapping[str, Mapping[str, Estimate]]) -> Standing:
        name = contender.name
        held = {task: by_name[name] for task, by_name in self._sampled.items() if name in by_name}
        estimates: dict[str, dict[str, Estimate]] = {metric: {} for metric in self._metrics}
        for task, (by_metric, place) in held.items():
            for metric, sampled in by_metric.items():
                estimates[metric][task] = sampled.estimates[place]
        learned = {task: by_metric[METRIC].learned(place) for task, (by_metric, place) in held.items()}
        return Standing(
            name,
            {task: len(contender.runs[task]) for task in held},
            estimates,
            {
                task: dict(zip(contender.runs[task], by_metric[METRIC].by_run[place].tolist(), strict=True))
                for task, (by_metric, place) in held.items()
            },
            {task: runs for task, runs in learned.items() if runs is not None},
            means,
            unplaced="a task is missing, or has no interval",
            division=contender.division,
            one_run=contender.one_run,
            has_seeds=contender.has_seeds,
            above_exact=tuple(self._above_exact(held)),
        )

    def _above_exact(self, held: Mapping[str, tuple[SampledTask, int]]) -> Iterator[str]:
        """The tasks whose exact predictor is beaten by more than sampling explains (Bonferroni)."""
        for task, (by_metric, place) in held.items():
            sampled = by_metric["optimality"]
            value, interval = sampled.values[place], sampled.estimates[place]
            if self.suite.task(task).exactness != "exact" or interval.low is None or value <= 1:
                continue
            if sampled.excess(place, 1.0).p_values()[0] < SIGNIFICANT / len(held):
                yield task

    def _with_places(self, standings: Sequence[Standing]) -> list[Standing]:
        """Those with enough runs and prompts have places by each mean, among those of their division."""
        by_name: dict[str, dict[str, Place]] = {standing.name: {} for standing in standings}
        for (label, tasks), division in product(self.means.items(), DIVISIONS):
            members = [standing for standing in standings if standing.division == division]
            names = [standing.name for standing in members if self._unplaced(standing, tasks) is None]
            if names:
                measured = [self._measured(task, METRIC, names) for task in tasks]
                for name, place in zip(names, placed(measured), strict=True):
                    by_name[name][label] = place
        return [
            replace(
                standing,
                places=by_name[standing.name],
                unplaced=self._unplaced(standing, self.means[MEAN]),
            )
            for standing in standings
        ]

    def _unplaced(self, standing: Standing, tasks: Sequence[str]) -> str | None:
        """Why a model with a mean over these tasks has no place by it."""
        if standing.has_seeds and any(standing.runs[task] < NEEDED_RUNS for task in tasks):
            return f"a task has fewer than {NEEDED_RUNS} training runs"
        return self._untested(standing.name, tasks)

    def _untested(self, name: str, tasks: Sequence[str]) -> str | None:
        """Why nothing is tested of a model: it is not resampled with the others, or on few prompts."""
        for task in tasks:
            if not self._has_every_prompt(name, task):
                return "a task has errors of the first prompts alone"
            if self._sampled[task][name][0][METRIC].prompts < FEWEST_PROMPTS:
                return f"a task has fewer than {FEWEST_PROMPTS} prompts"
        return None

    def _knows_run_spread(self, task: str) -> bool:
        """Whether intervals of a task count what other training runs would change."""
        sampled = (by_metric[METRIC] for by_metric, _ in self._sampled[task].values())
        return any(each.scale is not None or each.seeds.degrees > 0 for each in sampled)

    def _resolvable(self, standings: Sequence[Standing]) -> float | None:
        tasks = self.means.get(GRADED, self.means[MEAN])
        tested = [standing for standing in standings if self._untested(standing.name, tasks) is None]
        if len(tested) < 2:
            return None
        ordered = sorted(tested, key=lambda standing: -_value(standing.graded))
        measured = [self._measured(task, METRIC, [standing.name for standing in ordered]) for task in tasks]
        pairs = np.array([range(len(ordered) - 1), range(1, len(ordered))])
        halves = [
            (estimate.high - estimate.low) / 2
            for estimate in pair_differences(measured, pairs).estimates()
            if estimate.low is not None and estimate.high is not None
        ]
        return float(np.median(halves))


def _best_first(standings: Sequence[Standing]) -> tuple[list[Standing], list[Standing]]:
    """Those with a mean, the highest first, and those without, by name."""
    complete = [standing for standing in standings if standing.mean is not None]
    left = [standing for standing in standings if standing.mean is None]
    return sorted(complete, key=lambda standing: (-_value(standing.mean), standing.name)), sorted(
        left, key=lambda standing: standing.name
    )


def _value(estimate: Estimate | None) -> float:
    assert estimate is not None
    assert estimate.value is not None
    return estimate.value
