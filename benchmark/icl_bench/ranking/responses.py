"""What components may change of the references: gains, how many runs learned, how soon; by model and task."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from icl_bench.ranking.differences import METRIC, averaged_tasks
from icl_bench.ranking.resampled import Contender, sample_task
from icl_bench.ranking.sampled import Sampled
from icl_bench.ranking.seeds import pooled_variance
from icl_bench.ranking.spread import STANDARD, Terms, combined_terms, mean_terms
from icl_bench.specs.outcome import Threshold
from icl_bench.specs.result import ResultRecord
from icl_bench.suites import Suite

LEARNED = "P(learned)"
STEPS = "log2 steps to learn"
RESPONSES = (METRIC, LEARNED, STEPS)
Weights = Mapping[str, Mapping[str, float]]  # by term, of models
_THRESHOLD: Threshold = "0.9"  # the development optimality that steps to learn are counted to


class Responses:
    """What is measured of each model, by response and task."""

    def __init__(
        self,
        suite: Suite,
        models: Mapping[str, Contender],
        records: Mapping[str, Sequence[ResultRecord]],
        tasks: Sequence[str],
    ) -> None:
        self._suite, self._records, self._tasks = suite, records, tasks
        self._held = {task: [name for name in models if models[name].runs.get(task)] for task in tasks}
        self._sampled = {
            task: sample_task(suite, task, [models[name] for name in held])[METRIC]
            for task, held in self._held.items()
        }

    @property
    def seeds_known(self) -> bool:
        """Whether any model has two runs of a graded task."""
        return any(sampled.seeds.degrees for sampled in self._sampled.values())

    def of(self, response: str) -> Iterator[tuple[str, "Measured | None"]]:
        """Each task, what is measured there; None where it cannot be told."""
        for task in self._tasks:
            sampled, held = self._sampled[task], self._held[task]
            if response == METRIC:
                yield task, Measured(held, sampled)
            elif response == LEARNED:
                yield task, _learned(held, sampled)
            else:
                yield task, self._steps(task)
        label, tasks = next(iter(averaged_tasks(self._suite, self._tasks).items()))  # the graded ones first
        if response == METRIC and len(tasks) > 1:
            parts = [Measured(self._held[task], self._sampled[task]) for task in tasks]
            yield label, Measured([], parts=parts)

    def _steps(self, task: str) -> "Measured | None":
        steps = {name: _steps_of(self._records[name], task) for name in self._held[task]}
        known = {name: np.log2(values) for name, values in steps.items() if values}
        if not known:
            return None
        seeds = pooled_variance(list(known.values()))
        count = np.array([len(values) for values in known.values()])
        nothing = np.zeros(len(known))
        spread = seeds.variance / count if seeds.degrees else np.full(len(known), np.nan)
        means = np.array([values.mean() for values in known.values()])
        degrees = np.array([seeds.degrees or np.inf], dtype=float)
        return Measured(list(known), terms=Terms(means, nothing, spread[None], degrees, *[nothing] * 6))


@dataclass(frozen=True)
class Measured:
    """Of some models: gains that are sampled, other numbers with their parts of variance, or a mean of
    several of these."""

    names: Sequence[str]
    sampled: Sampled | None = None
    terms: Terms | None = None
    parts: Sequence["Measured"] = ()

    @property
    def knows_runs(self) -> bool:
        """Whether anything is known of what other training runs would give."""
        if self.parts:
            return all(part.knows_runs for part in self.parts)
        if self.sampled is not None:
            return self.sampled.scale is not None or self.sampled.seeds.degrees > 0
        return True

    def combined(self, weights: Weights) -> tuple[list[str], Terms] | None:
        """The terms that all models are known of, and their weighted sums."""
        names = (
            set(self.names) if not self.parts else set.intersection(*(set(part.names) for part in self.parts))
        )
        complete = [term for term, by_name in weights.items() if by_name.keys() <= names]
        if not complete:
            return None
        if self.parts:
            return complete, mean_terms([part._combine(complete, weights) for part in self.parts])
        return complete, self._combine(complete, weights)

    def _combine(self, complete: Sequence[str], weights: Weights) -> Terms:
        matrix = np.array([[weights[term].get(name, 0.0) for name in self.names] for term in complete])
        if self.sampled is not None:
            return self.sampled.combined(range(len(self.names)), matrix)
        assert self.terms is not None
        return combined_terms(self.terms, matrix)


def _learned(names: Sequence[str], sampled: Sampled) -> Measured | None:
    every = [sampled.learned(place) for place in range(len(names))]
    known = {name: learned.probability for name, learned in zip(names, every, strict=True) if learned}
    if not known:
        return None
    ends = np.array([[each.value, each.low, each.high] for each in known.values()], dtype=float)
    degrees = np.array([max(learned.runs - 1, 1) for learned in every if learned], dtype=float)
    nothing = np.zeros(len(known))
    below, above = (np.square((ends[:, 0] - ends[:, k]) / STANDARD) for k in (1, 2))
    return Measured(
        list(known),
        terms=Terms(
            ends[:, 0],
            nothing,
            np.zeros((1, len(known))),
            np.array([np.inf]),
            below,
            above,
            np.square(below) / degrees,
            np.square(above) / degrees,
            ends[:, 0],
            1 - ends[:, 0],
        ),
    )


def _steps_of(records: Sequence[ResultRecord], task: str) -> list[int]:
    outcomes = [record.tasks[task].outcome for record in records if task in record.tasks]
    steps = [outcome.steps_to_learn.get(_THRESHOLD) for outcome in outcomes if outcome is not None]
    return [step for step in steps if step is not None]
