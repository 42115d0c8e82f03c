"""The ICL regression score, optimality and their intervals: one function for each statistic.

S = Σ_i (ξ_model − ξ_0) / Σ_i (ξ_base − ξ_0) over the scored context lengths i, with ξ the mean squared error
over prompts and ξ_0 that of answering 0 (Campbell et al. 2024, arXiv 2411.03945, equation 1). Intervals are
95% percentile bootstrap. The prompt is resampled, since positions inside a prompt are dependent, with one
set of indices for model, base and zero, so that the denominator's sampling error counts and any two models
scored on the same task are resampled in pairs.
"""

import math
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from icl_bench.function_classes.streams import raw_words, uniform_index
from icl_bench.specs.result import Estimate
from icl_bench.specs.scored import ScoredPoints

CONFIDENCE = 0.95

# of each prompt, summed over the scored context lengths; runs of one task may have fewer prompts than others
PromptErrors = Float[np.ndarray, " _"]
_WORDS_AT_ONCE = 2**21


def squared_errors(
    predictions: Float[np.ndarray, "prompts points k"], ys: Float[np.ndarray, "prompts points k"]
) -> Float[np.ndarray, "prompts points"]:
    """Squared errors averaged over the k coordinates, in float64."""
    difference = predictions.astype(np.float64) - ys
    return np.square(difference, out=difference).mean(axis=2)


def scored_sums(
    values: Float[np.ndarray, "prompts points"], scored: ScoredPoints
) -> Float[np.ndarray, " prompts"]:
    """One number a prompt: its errors, or values of a metric, summed over the scored context lengths."""
    if scored.every:
        return values.sum(axis=1)
    first, *others = scored.positions
    return values[:, scored.positions].sum(axis=1) if others else values[:, first]


def regression_score(
    model: float | np.ndarray, base: float | np.ndarray, zero: float | np.ndarray
) -> float | np.ndarray:
    """S from errors summed (or averaged) over prompts and scored context lengths, element by element."""
    return (zero - model) / (zero - base)


def share_of_gain(
    model: Float[np.ndarray, "rows models"],
    base: Float[np.ndarray, "rows 1"],
    zero: Float[np.ndarray, "rows 1"],
) -> Float[np.ndarray, "rows models"]:
    """S of models from sums of squared errors, row by row; NaN where the base is no better than zero."""
    return np.asarray(regression_score(model, np.where(base < zero, base, np.nan), zero))


def resampled_sums(
    errors: Float[np.ndarray, "prompts columns"], resamples: int, key: str
) -> Float[np.ndarray, "resamples columns"]:
    """Sums over bootstrap resamples of the prompts, the same prompts for every column.

    Resample r is drawn from the r-th block of the stream `key`, in integers alone. A resample is counted
    rather than gathered: how often each prompt is in it, times the errors. Each column is rounded to whole
    multiples of a power of two, 2^-42 of its largest value with 2,048 prompts, so that every sum is exact:
    the same bits in any order of summation, on any machine.
    """
    whole, unit = _in_whole_units(errors)
    sums = np.empty((resamples, errors.shape[1]))
    for part, counts in _resample_counts(len(errors), resamples, key):
        sums[part] = counts @ whole
    return sums * unit


def _in_whole_units(errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers of which a resample adds up to at most 2^53, and the unit of each column."""
    spare = 53 - math.ceil(math.log2(len(errors)))
    unit = np.ldexp(1.0, np.frexp(np.abs(errors).max(axis=0))[1] - spare)
    return np.rint(errors / unit), unit


def defined_estimate(value: float, resampled: Float[np.ndarray, " resamples"], base: str) -> Estimate:
    """What follows from a score, with its interval, where it is a number.

    Where the base is no better than answering 0 no score is defined, and no interval where that happens in a
    resample: the estimate gives the reason instead.
    """
    return defined_estimates(np.array([value]), resampled[:, None], base)[0]


def defined_estimates(
    values: Float[np.ndarray, " scores"], resampled: Float[np.ndarray, "resamples scores"], base: str
) -> list[Estimate]:
    """The same of several scores at once."""
    low, high = interval_ends(resampled).tolist()
    whole = np.isfinite(resampled).all(axis=0)
    few = f"too few prompts: baseline {base} is no better than answering 0 in some resamples"
    estimates = []
    for k, value in enumerate(values.tolist()):
        if not math.isfinite(value):
            estimates.append(without_estimate(f"baseline {base} is no better than answering 0 here"))
        elif not whole[k]:
            estimates.append(Estimate(value=value, low=None, high=None, reason=few))
        else:
            estimates.append(Estimate(value=value, low=low[k], high=high[k], reason=None))
    return estimates


def interval_estimate(value: float, resampled: Float[np.ndarray, " resamples"]) -> Estimate:
    """A value with the central 95% of its resamples."""
    return interval_estimates(np.array([value]), resampled[:, None])[0]


def interval_estimates(
    values: Float[np.ndarray, " values"], resampled: Float[np.ndarray, "resamples values"]
) -> list[Estimate]:
    """The same of several values at once."""
    return [
        Estimate(value=value, low=low, high=high, reason=None)
        for value, low, high in zip(values.tolist(), *interval_ends(resampled).tolist(), strict=True)
    ]


def interval_ends(resampled: Float[np.ndarray, "resamples ..."]) -> Float[np.ndarray, "2 ..."]:
    """Between them lies the central 95% of resamples: quantiles by linear interpolation, as `np.quantile`,
    but without its checks, which take longer than the quantiles.
    """
    tail = (1 - CONFIDENCE) / 2
    places = [share * (len(resampled) - 1) for share in (tail, 1 - tail)]
    below = [math.floor(place) for place in places]
    around = [min(k + more, len(resampled) - 1) for k in below for more in (0, 1)]
    parted = np.partition(resampled, around, axis=0)
    ends = []
    for place, k, after in zip(places, below, around[1::2], strict=True):
        ends.append(parted[k] + (place - k) * (parted[after] - parted[k]))
    return np.array(ends)


def without_estimate(reason: str) -> Estimate:
    """A score that cannot be given, and why."""
    return Estimate(value=None, low=None, high=None, reason=reason)


def bootstrap_key(task: str) -> str:
    """The stream that the resamples of a task, given as SUITE/TASK, are drawn from: one for all intervals."""
    return f"{task}/bootstrap"


def _resample_counts(prompts: int, resamples: int, key: str) -> Iterator[tuple[slice, np.ndarray]]:
    """How often each prompt is in each resample, a slice of resamples at a time: float64 (slice, prompts)."""
    at_once = max(1, _WORDS_AT_ONCE // prompts)
    for start in range(0, resamples, at_once):
        rows = min(at_once, resamples - start)
        drawn = uniform_index(raw_words(key, start, rows, prompts), prompts)
        drawn += prompts * np.arange(rows)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * prompts)
        yield slice(start, start + rows), counts.reshape(rows, prompts).astype(np.float64)
