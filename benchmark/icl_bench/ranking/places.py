"""Places on a board: 1 and the number of models of one division that are significantly better."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from icl_bench.ranking.sampled import Sampled
from icl_bench.ranking.spread import SIGNIFICANT, Terms, holm, mean_terms

NEEDED_RUNS = 3  # of every averaged task, to be placed


@dataclass(frozen=True)
class Place:
    """A place, and whether other models share it."""

    number: int
    shared: bool

    def __str__(self) -> str:
        """`1=` where it is shared, else `4`."""
        return f"{self.number}{'=' * self.shared}"


@dataclass(frozen=True)
class Measured:
    """Models on an averaged task: where the metric of each is sampled, all on the same prompts."""

    sampled: Sampled
    places: Sequence[int]


def pair_differences(tasks: Sequence[Measured], pairs: Int[np.ndarray, "2 pairs"]) -> Terms:
    """The differences of the mean over tasks, the first model of each pair less the second."""
    return mean_terms([_task_differences(task, pairs) for task in tasks])


def placed(tasks: Sequence[Measured]) -> list[Place]:
    """The places of models by their mean over tasks, in the order in which they are given.

    Significant is what Holm's method leaves below 0.05 of all pairs of them.
    """
    count = len(tasks[0].places)
    pairs = np.array(np.triu_indices(count, 1))
    terms = pair_differences(tasks, pairs)
    significant = holm(terms.p_values()) < SIGNIFICANT
    better = np.zeros((count, count), dtype=bool)
    first, second = pairs
    better[first, second] = significant & (terms.values > 0)
    better[second, first] = significant & (terms.values < 0)
    numbers = (1 + better.sum(axis=0)).tolist()
    return [Place(number, numbers.count(number) > 1) for number in numbers]


def _task_differences(task: Measured, pairs: np.ndarray) -> Terms:
    chosen = list(task.places)
    every = task.sampled.terms(chosen, in_differences=True)
    centred = task.sampled.resampled[:, chosen] - task.sampled.resampled[:, chosen].mean(axis=0)
    products = centred.T @ centred / len(centred)
    first, second = pairs
    variances = products[first, first] + products[second, second] - 2 * products[first, second]
    return Terms(
        every.values[first] - every.values[second],
        np.zeros_like(variances) if task.sampled.scale is not None else np.maximum(variances, 0.0),
        every.seeds[:, first] + every.seeds[:, second],
        every.degrees,
        every.below[first] + every.above[second],
        every.above[first] + every.below[second],
        every.below_squares[first] + every.above_squares[second],
        every.above_squares[first] + every.below_squares[second],
        every.room_below[first] + every.room_above[second],
        every.room_above[first] + every.room_below[second],
    )
