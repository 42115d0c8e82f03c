"""A board: models side by side on one suite, with ranks that say what they cannot separate.

All follows from scores on the same resamples of the prompts (`icl_bench.ranking.resampled`).

Mean: a model's mean score has every task at the same weight, each resampled on its own. A model that lacks a
task has none and is not ranked.

Rank: 1 and the number of models with a higher mean. Its interval is the central 95% of the model's ranks over
resamples.

Group: models that are statistically indistinguishable from their group's leader. The best model leads group
1. Going down from a leader, the first model that is separated from it leads the next group. A model is
separated from its leader where the difference of their means is outside an interval about 0 of confidence 1 −
5% / m, with m the number of pairs among the leader and the models below it (Bonferroni: the leader is picked
as the best of them, so every pair has its chance). Resamples are too few to show the ends of that interval:
it is the 95% interval over paired resamples, widened as that of a normal distribution would be; where a model
has several runs, as that of Student's t with as many degrees of freedom as give the ratio of its 95% to its
68% interval.

Resolvable: the median over neighbours in rank of the half-width of the 95% interval of their paired
difference: about how far apart two neighbours have to be before one comparison separates them.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, stdtrit

from icl_bench.ranking.compare import Contrast, Difference, compare_contenders, differences
from icl_bench.ranking.resampled import Contender, SampledTask, sample_task
from icl_bench.resources import cores
from icl_bench.scoring.metric import metrics
from icl_bench.scoring.scores import CONFIDENCE, interval_ends, interval_estimate
from icl_bench.specs.result import Estimate
from icl_bench.suites import Suite


@dataclass(frozen=True)
class Rank:
    """A place on the board, its 95% interval, and the group of models indistinguishable from its leader."""

    place: int
    low: int
    high: int
    group: int


@dataclass(frozen=True)
class Standing:
    """What a board says of one model. Tasks that it has no runs of are left out."""

    name: str
    runs: Mapping[str, int]  # how many, by task
    estimates: Mapping[str, Mapping[str, Estimate]]  # by metric and task
    mean: Estimate | None = None
    rank: Rank | None = None
    one_run: bool = False  # as `Contender.one_run`
    above_exact: tuple[str, ...] = ()  # tasks whose exact predictor it beats by more than sampling explains

    @property
    def scores(self) -> Mapping[str, Estimate]:
        """The ICL regression score by task."""
        return self.estimates["score"]

    @property
    def optimalities(self) -> Mapping[str, Estimate]:
        """The optimality by task."""
        return self.estimates["optimality"]


class Board:
    """Models and baselines on a suite. Models are ranked among themselves; baselines are not ranked."""

    def __init__(
        self, suite: Suite, models: Sequence[Contender], baselines: Sequence[Contender] = ()
    ) -> None:
        self.suite = suite
        self._contenders = {model.name: model for model in (*models, *baselines)}
        self._places = self._sample()
        complete, left = _best_first([self._standing(model) for model in models])
        means = np.array([self._mean(model.name) for model in complete]).T  # (resamples, models)
        single = [max(model.runs.values()) == 1 for model in complete]
        ranks, self.resolvable = _rank(np.array([_mean_value(model) for model in complete]), means, single)
        ranked = [replace(model, rank=rank) for model, rank in zip(complete, ranks, strict=True)]
        self.models = [*ranked, *left]  # the best first, then those without a rank
        complete, left = _best_first([self._standing(model) for model in baselines])
        self.baselines = [*complete, *left]

    def differences(self, a: str, others: Sequence[str]) -> dict[str, list[Difference]]:
        """The differences between one of the board's and each of the others, as `compare_contenders` does it.

        InputError where it shares no task with one of them.
        """
        contrasts, whole = [], set(others)
        for task, places in self._places.items():
            held = {name: places[name] for name in (a, *others) if name in places}
            if a not in held:
                continue
            sampled, place = held.pop(a)
            # what has fewer prompts than the others is resampled on its own
            whole -= {name for name, (among, _) in held.items() if among is not sampled}
            beside = {name: k for name, (among, k) in held.items() if among is sampled}
            if beside:
                contrasts.append(Contrast(task, sampled["score"], place, beside))
        joint = differences(contrasts, len(self._places))
        alone = {
            name: compare_contenders(self.suite, self._contenders[a], self._contenders[name])
            for name in others
            if name not in whole or name not in joint
        }
        return {name: alone.get(name) or joint[name] for name in others}

    def _sample(self) -> dict[str, dict[str, tuple[SampledTask, int]]]:
        """By task, where the scores of each are: several tasks at a time."""

        def sample(task: str) -> dict[str, tuple[SampledTask, int]]:
            return _sampled_places(
                self.suite,
                task,
                [contender for contender in self._contenders.values() if contender.runs.get(task)],
            )

        with ThreadPoolExecutor(cores()) as pool:
            return dict(zip(self.suite.tasks, pool.map(sample, self.suite.tasks), strict=True))

    def _standing(self, contender: Contender) -> Standing:
        places = {
            task: by_name[contender.name]
            for task, by_name in self._places.items()
            if contender.name in by_name
        }
        estimates: dict[str, dict[str, Estimate]] = {name: {} for name in metrics(on_board=True)}
        for task, (sampled, place) in places.items():
            for metric, scores_of_task in sampled.items():
                estimates[metric][task] = scores_of_task.estimates[place]
        scores = estimates["score"]
        mean = None
        if len(scores) == len(self.suite.tasks) and all(
            estimate.low is not None for estimate in scores.values()
        ):
            values = [estimate.value for estimate in scores.values() if estimate.value is not None]
            fewer = [estimate.prompts for estimate in scores.values() if estimate.prompts is not None]
            mean = interval_estimate(float(np.mean(values)), self._mean(contender.name))
            mean = mean.model_copy(update={"prompts": min(fewer)}) if fewer else mean
        return Standing(
            contender.name,
            {task: len(contender.runs[task]) for task in places},
            estimates,
            mean,
            one_run=contender.one_run,
            above_exact=tuple(self._above_exact(contender, estimates["optimality"])),
        )

    def _above_exact(self, contender: Contender, optimalities: Mapping[str, Estimate]) -> Iterator[str]:
        """The tasks whose exact predictor is beaten by more than sampling explains."""
        for task, optimality in optimalities.items():
            if (
                self.suite.task(task).exactness != "exact"
                or optimality.value is None
                or optimality.low is None
            ):
                continue
            if optimality.low > 1:  # the wider interval is looked at where this one is above already
                sampled, place = self._places[task][contender.name]
                drawn = sampled["optimality"].resampled[:, place]
                wider = _widening(drawn, len(contender.runs[task]) == 1, len(optimalities))
                if optimality.value - wider * (optimality.value - optimality.low) > 1:
                    yield task

    def _mean(self, name: str) -> np.ndarray:
        """The mean score over tasks on each resample."""
        drawn = [places[name][0]["score"].resampled[:, places[name][1]] for places in self._places.values()]
        return np.mean(drawn, axis=0)


def _sampled_places(
    suite: Suite, task: str, contenders: Sequence[Contender]
) -> dict[str, tuple[SampledTask, int]]:
    """Where the scores of each are: together for all that have errors of every prompt."""
    whole: list[Contender] = []
    groups = [whole]
    for contender in contenders:
        if min(map(len, contender.runs[task].values())) == suite.spec.prompts:
            whole.append(contender)
        else:
            groups.append([contender])
    sampled = [(group, sample_task(suite, task, group)) for group in groups if group]
    return {
        contender.name: (scores, place) for group, scores in sampled for place, contender in enumerate(group)
    }


def _best_first(standings: Sequence[Standing]) -> tuple[list[Standing], list[Standing]]:
    """Those with a mean, the highest first, and those without, by name."""
    complete = [standing for standing in standings if standing.mean is not None]
    left = [standing for standing in standings if standing.mean is None]
    return sorted(complete, key=lambda standing: (-_mean_value(standing), standing.name)), sorted(
        left, key=lambda standing: standing.name
    )


def _mean_value(standing: Standing) -> float:
    assert standing.mean is not None
    assert standing.mean.value is not None
    return standing.mean.value


def _rank(values: np.ndarray, drawn: np.ndarray, single: Sequence[bool]) -> tuple[list[Rank], float | None]:
    """Ranks of models in the order of their values, the best first, and what is resolvable.

    values: (models,), drawn: (resamples, models), single: whether a model has one run of each task.
    """
    if len(values) == 0:
        return [], None
    tail = (1 - CONFIDENCE) / 2
    places, resampled = _places(values), np.array([_places(means) for means in drawn])
    ends = np.quantile(resampled, [tail, 1 - tail], axis=0, method="inverted_cdf")
    groups = _groups(values, drawn, single)
    ranks = [
        Rank(int(place), int(low), int(high), group)
        for place, low, high, group in zip(places, *ends, groups, strict=True)
    ]
    if len(values) < 2:
        return ranks, None
    return ranks, float(np.median([_half_width(drawn, k, k + 1) for k in range(len(values) - 1)]))


def _places(means: np.ndarray) -> np.ndarray:
    """1 and the number of higher ones, of each."""
    return 1 + len(means) - np.searchsorted(np.sort(means), means, side="right")


def _groups(values: np.ndarray, drawn: np.ndarray, single: Sequence[bool]) -> list[int]:
    groups, leader = [1], 0
    for model in range(1, len(values)):
        apart = drawn[:, leader] - drawn[:, model]
        pairs = math.comb(len(values) - leader, 2)
        wider = _widening(apart, single[leader] and single[model], pairs)
        separated = values[leader] - values[model] > wider * _half_width(drawn, leader, model)
        groups.append(groups[-1] + int(separated))
        leader = model if separated else leader
    return groups


def _widening(drawn: np.ndarray, single: bool, tests: int) -> float:
    """By how much the 95% interval of resamples is widened for as many tests (Bonferroni); `single`: of one
    run each."""
    degrees = np.inf if single else _degrees(drawn)
    tail = (1 - CONFIDENCE) / 2
    return float(stdtrit(degrees, tail / tests) / stdtrit(degrees, tail))


_DEGREES = np.array([1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 15, 20, 40, 1e6])
_ONE_SIGMA = ndtr(-1)  # beyond either end of an interval of 68%
_RATIOS = stdtrit(_DEGREES, (1 - CONFIDENCE) / 2) / stdtrit(_DEGREES, _ONE_SIGMA)


def _degrees(drawn: np.ndarray) -> float:
    """The degrees of freedom of Student's t with tails as heavy as those of the resamples."""
    low, high = interval_ends(drawn)
    inner_low, inner_high = np.quantile(drawn, [_ONE_SIGMA, 1 - _ONE_SIGMA])
    if inner_high == inner_low:  # models that are the same
        return np.inf
    return float(np.interp(-(high - low) / (inner_high - inner_low), -_RATIOS, _DEGREES))


def _half_width(drawn: np.ndarray, a: int, b: int) -> float:
    """Half the width of the 95% interval of the paired difference of two models."""
    low, high = interval_ends(drawn[:, a] - drawn[:, b])
    return float(high - low) / 2
