"""How far a value may be from what other prompts and other training runs would give.

A value, or a difference of two, has independent parts of variance: of the prompts, from the bootstrap; of
seeds, for each graded task the variance between runs pooled over models, over the number of runs
(`icl_bench.ranking.seeds`); and of all-or-nothing tasks, whose interval is not symmetric, the squares of
the distances to its ends over 1.96 (`icl_bench.ranking.modes`). They add up, below the value and above it
(Zou & Donner 2008, Statistics in Medicine 27:1693), and the interval is Student's t with the degrees of
freedom of Welch and Satterthwaite: V² / Σ V_s² / ν_s over the parts V_s of seeds (Satterthwaite 1946,
Biometrics Bulletin 2:110). Where no seeds are known of, that is a normal distribution. In differences the
parts of all-or-nothing tasks count there too, with n - 1 degrees for n runs: so few runs have heavier tails
than a normal distribution, and many pairs are looked at. No end leaves what is possible on such a task. A
p-value is below 0.05 just where the interval does not hold 0.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import stdtr, stdtrit
from scipy.stats import norm

from icl_bench.scoring.scores import CONFIDENCE, without_estimate
from icl_bench.specs.result import Estimate

SIGNIFICANT = 0.05  # corrected p-values below it count as a difference
_TAIL = (1 - CONFIDENCE) / 2
STANDARD = float(norm.isf(_TAIL))  # 1.96: half a 95% interval of a normal distribution, in standard errors
_Values = Float[np.ndarray, " values"]


@dataclass(frozen=True)
class Terms:
    """Values with their parts of variance. What is not known is NaN, in the values too."""

    values: _Values
    prompts: _Values
    seeds: Float[np.ndarray, "tasks values"]  # of each graded task
    degrees: Float[np.ndarray, " tasks"]  # of freedom of these; infinite where none is known
    below: _Values  # of all-or-nothing tasks
    above: _Values
    below_squares: _Values  # the sum of squares of the parts of `below`, each over its degrees of freedom
    above_squares: _Values
    room_below: _Values  # how much lower the value could be at most on all-or-nothing tasks
    room_above: _Values

    def take(self, places: Sequence[int]) -> "Terms":
        """Some of the values."""
        chosen = list(places)
        return Terms(
            self.values[chosen],
            self.prompts[chosen],
            self.seeds[:, chosen],
            self.degrees,
            self.below[chosen],
            self.above[chosen],
            self.below_squares[chosen],
            self.above_squares[chosen],
            self.room_below[chosen],
            self.room_above[chosen],
        )

    def estimates(self) -> list[Estimate]:
        """Each value with its 95% interval; a value that is not known has neither."""
        low = self.values - self._reach(self.below, self.below_squares, self.room_below)
        high = self.values + self._reach(self.above, self.above_squares, self.room_above)
        rows = zip(self.values.tolist(), low.tolist(), high.tolist(), strict=True)
        return [_estimate(*row) for row in rows]

    def p_values(self) -> _Values:
        """Two-sided, of the value being 0: of the tail that faces 0."""
        positive = self.values > 0
        part = np.where(positive, self.below, self.above)
        squares = np.where(positive, self.below_squares, self.above_squares)
        room = np.where(positive, self.room_below, self.room_above)
        total, graded = self._total(part), self._total(np.zeros_like(part))
        distance = np.abs(self.values)
        p = _two_sided(distance, total, self._degrees(total, squares))
        # where the worst that is possible on all-or-nothing tasks leaves a difference, graded ones decide
        beyond = _two_sided(np.maximum(distance - room, 0.0), graded, self._degrees(graded))
        p = np.where(distance > room, np.minimum(p, beyond), p)
        return np.where(np.isfinite(self.values), p, np.nan)

    def _reach(self, part: _Values, squares: _Values, room: _Values) -> _Values:
        """Half a 95% interval, on one side."""
        total, graded = self._total(part), self._total(np.zeros_like(part))
        reach = -stdtrit(self._degrees(total, squares), _TAIL) * np.sqrt(total)
        of_graded = -stdtrit(self._degrees(graded), _TAIL) * np.sqrt(graded)
        return np.minimum(reach, of_graded + room)

    def _total(self, part: _Values) -> _Values:
        return self.prompts + self.seeds.sum(axis=0) + part

    def _degrees(self, total: _Values, of_modes: _Values | float = 0.0) -> _Values:
        squares = (np.square(self.seeds) / self.degrees[:, None]).sum(axis=0) + of_modes
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(squares > 0, np.square(total) / squares, np.inf)


def _two_sided(distance: _Values, variance: _Values, degrees: _Values) -> _Values:
    """The p-value of a distance from 0; of what does not vary at all 1 at 0, else 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * stdtr(degrees, -distance / np.sqrt(variance))
    return np.asarray(np.where(variance == 0, np.where(distance == 0, 1.0, 0.0), p))


def _estimate(value: float, low: float, high: float) -> Estimate:
    if not math.isfinite(value):
        return without_estimate("it is not known of every model and run")
    if not (math.isfinite(low) and math.isfinite(high)):
        return Estimate(value=value, low=None, high=None, reason="nothing is known of other runs")
    return Estimate(value=value, low=low, high=high, reason=None)


def mean_terms(terms: Sequence[Terms]) -> Terms:
    """The mean over tasks of equal weight, whose prompts and runs are independent."""
    count = len(terms)
    return Terms(
        np.mean([term.values for term in terms], axis=0),
        np.sum([term.prompts for term in terms], axis=0) / count**2,
        np.concatenate([term.seeds for term in terms]) / count**2,
        np.concatenate([term.degrees for term in terms]),
        np.sum([term.below for term in terms], axis=0) / count**2,
        np.sum([term.above for term in terms], axis=0) / count**2,
        np.sum([term.below_squares for term in terms], axis=0) / count**4,
        np.sum([term.above_squares for term in terms], axis=0) / count**4,
        np.mean([term.room_below for term in terms], axis=0),
        np.mean([term.room_above for term in terms], axis=0),
    )


def combined_terms(
    terms: Terms, weights: Float[np.ndarray, "combinations values"], covariance: np.ndarray | float = 0.0
) -> Terms:
    """Weighted sums of values whose runs are independent.

    covariance: (values, values), that of prompts; 0 where they are not of prompts.
    """
    more, less = np.maximum(weights, 0), np.maximum(-weights, 0)
    up, down = np.square(more), np.square(less)
    prompts = np.zeros(len(weights))
    if isinstance(covariance, np.ndarray):
        prompts = np.einsum("cv,vw,cw->c", weights, covariance, weights)
    return Terms(
        weights @ terms.values,
        np.maximum(prompts, 0.0),
        terms.seeds @ np.square(weights).T,
        terms.degrees,
        up @ terms.below + down @ terms.above,
        up @ terms.above + down @ terms.below,
        np.square(up) @ terms.below_squares + np.square(down) @ terms.above_squares,
        np.square(up) @ terms.above_squares + np.square(down) @ terms.below_squares,
        more @ terms.room_below + less @ terms.room_above,
        more @ terms.room_above + less @ terms.room_below,
    )


def holm(p_values: Float[np.ndarray, "tests ..."]) -> Float[np.ndarray, "tests ..."]:
    """Holm's step-down correction: the i-th smallest of m times (m − i), never falling, at most 1. Tests that
    were not made stay NaN and are not counted."""
    order = np.argsort(p_values, axis=0, kind="stable")  # NaN last
    smallest_first = np.take_along_axis(p_values, order, axis=0)
    times = np.isfinite(p_values).sum(axis=0) - np.indices(p_values.shape)[0]
    corrected = np.empty_like(p_values)
    np.put_along_axis(corrected, order, np.maximum.accumulate(smallest_first * times, axis=0), axis=0)
    return np.minimum(corrected, 1.0)
