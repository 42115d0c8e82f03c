"""A metric of several models on one task, with what other prompts and other training runs would change.

What other runs would change is told on a graded task from how much the runs of all models differ
(`icl_bench.ranking.seeds`), on an all-or-nothing task from how many of them learned
(`icl_bench.ranking.modes`). Where nothing of other runs is known, an interval is that of prompts alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import stdtrit

from icl_bench.ranking.modes import Learned, learned_runs, mean_interval
from icl_bench.ranking.seeds import UNKNOWN, SeedVariance
from icl_bench.ranking.spread import STANDARD, Terms, combined_terms
from icl_bench.scoring.scores import CONFIDENCE, defined_estimates, without_estimate
from icl_bench.specs.result import Estimate


@dataclass(frozen=True)
class Scale:
    """A metric on an all-or-nothing task: what it is of the floor and of the exact predictor, and the gain
    at which a run has learned."""

    floor: float
    exact: float
    learned_at: float

    def gains(self, values: Float[np.ndarray, " values"]) -> Float[np.ndarray, " values"]:
        """Values of the metric as gains."""
        return (values - self.floor) / (self.exact - self.floor)

    def values(self, gains: Float[np.ndarray, " values"]) -> Float[np.ndarray, " values"]:
        """The other way round."""
        return self.floor + gains * (self.exact - self.floor)


@dataclass(frozen=True)
class Sampled:
    """A metric of models on one task. Where it is not defined it is NaN, and `reasons` says why."""

    base: str  # the predictor at which it is 1, empty where there is none
    prompts: int  # that all of them, the base and zero have errors of: the first ones
    suite_prompts: int  # that the suite has
    by_run: Sequence[Float[np.ndarray, " _"]]  # of each model, in the order of its seeds
    resampled: Float[np.ndarray, "resamples models"]  # of the mean over runs, on resampled prompts
    reasons: Sequence[str | None]  # one a model
    trained: Sequence[bool]  # whether another seed could give another value, one a model
    scale: Scale | None = None  # of an all-or-nothing task
    seeds: SeedVariance = UNKNOWN  # of a graded one

    @cached_property
    def values(self) -> Float[np.ndarray, " models"]:
        """The mean over runs of each."""
        return np.array([values.mean() for values in self.by_run])

    @cached_property
    def estimates(self) -> list[Estimate]:
        """The metric of each with its 95% interval."""
        estimates = self._of_prompts()
        if self.scale is not None or self.seeds.degrees:
            low, high = self._modes if self.scale is not None else self._seed_ends(estimates)
            for place, estimate in enumerate(estimates):
                if estimate.low is not None and self.trained[place]:
                    ends = {"low": float(low[place]), "high": float(high[place])}
                    estimates[place] = estimate.model_copy(update=ends)
        if self.prompts == self.suite_prompts:
            return estimates
        return [estimate.model_copy(update={"prompts": self.prompts}) for estimate in estimates]

    def terms(self, places: Sequence[int], in_differences: bool = False) -> Terms:
        """Some of the models, with the parts of what they may vary by.

        in_differences: they are terms of differences, in which few runs of all-or-nothing tasks count as few.
        """
        chosen = list(places)
        below, above = np.square((self._modes[:, chosen] - self.values[chosen]) / STANDARD)
        degrees = np.maximum(self._counts[chosen] - 1, 1) if in_differences else np.inf
        room_below, room_above = self._room[:, chosen]
        return Terms(
            self.values[chosen],
            np.where(self._has_modes[chosen], 0.0, self._prompt_variances[chosen]),
            self._seed_variances[None, chosen],
            np.array([self.seeds.degrees or np.inf], dtype=float),
            below,
            above,
            np.square(below) / degrees,
            np.square(above) / degrees,
            room_below,
            room_above,
        )

    def excess(self, place: int, limit: float) -> Terms:
        """How much higher than a limit the metric of one is, had its runs read other prompts. That other runs
        may not learn an all-or-nothing task is no reason for being above."""
        terms, nothing = self.terms([place]), np.zeros(1)
        return replace(
            terms,
            values=terms.values - limit,
            prompts=self._prompt_variances[[place]],
            below=nothing,
            above=nothing,
            below_squares=nothing,
            above_squares=nothing,
        )

    def differences(self, a: int, others: Sequence[int]) -> Terms:
        """How much higher the metric of one is than those of others, on the same prompts."""
        rows = self._by_model
        first, rest = self.terms([a], True), self.terms(others, True)
        return Terms(
            first.values - rest.values,
            np.where(
                self._has_modes[a] & self._has_modes[list(others)],
                0.0,
                np.var(rows[a] - rows[list(others)], axis=1),
            ),
            first.seeds + rest.seeds,
            first.degrees,
            first.below + rest.above,
            first.above + rest.below,
            first.below_squares + rest.above_squares,
            first.above_squares + rest.below_squares,
            first.room_below + rest.room_above,
            first.room_above + rest.room_below,
        )

    def combined(self, places: Sequence[int], weights: Float[np.ndarray, "combinations models"]) -> Terms:
        """Weighted sums of some of the models, on the same prompts."""
        terms = self.terms(places, True)
        if self._has_modes[list(places)].all():
            return combined_terms(terms, weights)
        drawn = self.resampled[:, list(places)]
        centred = drawn - drawn.mean(axis=0)
        return combined_terms(terms, weights, centred.T @ centred / len(drawn))

    def learned(self, place: int) -> Learned | None:
        """How many runs of a model learned; None on a graded task, and of what is not trained."""
        if self.scale is None or not self.trained[place] or self.reasons[place]:
            return None
        return learned_runs(*self._gains(place), self.scale.learned_at)

    def _gains(self, place: int) -> tuple[np.ndarray, float]:
        """Of the runs of a model on an all-or-nothing task, and the variance of their mean by prompts."""
        assert self.scale is not None
        width = self.scale.exact - self.scale.floor
        return self.scale.gains(self.by_run[place]), float(self._prompt_variances[place]) / width**2

    def _seed_ends(self, of_prompts: Sequence[Estimate]) -> Float[np.ndarray, "2 models"]:
        """The ends of the intervals over runs of a graded task: those of prompts, widened on either side."""
        ends = np.array([[estimate.low, estimate.high] for estimate in of_prompts], dtype=float).T
        seeds = self._seed_variances
        total = np.square((ends - self.values) / STANDARD) + seeds
        with np.errstate(divide="ignore", invalid="ignore"):
            degrees = np.where(seeds > 0, self.seeds.degrees * np.square(total / seeds), np.inf)
        reach = -stdtrit(degrees, (1 - CONFIDENCE) / 2) * np.sqrt(total)
        return self.values + np.array([[-1.0], [1.0]]) * reach

    @cached_property
    def _by_model(self) -> Float[np.ndarray, "models resamples"]:
        """`resampled` with the resamples of a model beside each other in memory."""
        return np.ascontiguousarray(self.resampled.T)

    @cached_property
    def _prompt_variances(self) -> Float[np.ndarray, " models"]:
        """Of the mean over the same runs on other prompts."""
        return np.var(self.resampled, axis=0)

    @cached_property
    def _seed_variances(self) -> Float[np.ndarray, " models"]:
        """Of the mean over other runs, on a graded task; 0 where nothing is known of it."""
        known = np.array(self.trained) & (self.seeds.degrees > 0)
        return np.where(known, self.seeds.variance / self._counts, 0.0)

    @cached_property
    def _has_modes(self) -> Bool[np.ndarray, " models"]:
        """Of which the runs learn or not: their modes' means count prompts already."""
        return np.array(self.trained) & (self.scale is not None)

    @cached_property
    def _counts(self) -> Float[np.ndarray, " models"]:
        """How many runs each has."""
        return np.array([len(values) for values in self.by_run], dtype=float)

    @cached_property
    def _modes(self) -> Float[np.ndarray, "2 models"]:
        """The ends of the intervals over runs of an all-or-nothing task; the values themselves elsewhere."""
        ends = np.stack([self.values, self.values])
        if self.scale is not None:
            for place, trained in enumerate(self.trained):
                if trained and np.isfinite(self.values[place]):
                    interval = mean_interval(*self._gains(place), self.scale.learned_at)
                    ends[:, place] = self.scale.values(np.array(interval))
        return ends

    @cached_property
    def _room(self) -> Float[np.ndarray, "2 models"]:
        """How much lower and higher each could be on an all-or-nothing task: to the floor, to the exact
        predictor; not at all of a baseline, and on a graded task."""
        if self.scale is None:
            return np.zeros((2, len(self.values)))
        room = np.stack([self.values - self.scale.floor, self.scale.exact - self.values])
        return np.where(self.trained, np.maximum(room, 0.0), 0.0)

    def _of_prompts(self) -> list[Estimate]:
        if all(self.reasons):  # nothing to look at, which takes longer than all else
            return [without_estimate(reason or "") for reason in self.reasons]
        estimates = defined_estimates(self.values, self.resampled, self.base)
        return [
            without_estimate(reason) if reason else estimate
            for reason, estimate in zip(self.reasons, estimates, strict=True)
        ]
