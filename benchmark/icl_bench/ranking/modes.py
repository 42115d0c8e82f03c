"""All-or-nothing tasks: how often a training run learns, and what the mean over runs may be.

On a task that names `learned_at` a run has learned where its gain is at least that, 0.9 on the shipped
ones. Runs of such a task have two modes, so that Student's t over all of them is wrong both ways. With k
of n runs learned:

P(learned) is k / n. Its interval is that of Jeffreys, the quantiles of Beta(k + ½, n − k + ½), with the
lower end 0 at k = 0 and the upper end 1 at k = n (Brown, Cai & DasGupta 2001, Statistical Science 16:101).

The gain when learned has Student's t over the k runs.

The mean over runs is p·L + (1 − p)·U. p has the distribution above; L and U are the two modes' means, each
with Student's t over its runs and clipped to [τ, 1] and [0, τ], τ being `learned_at`. A mode with one run
has a tenth of its range as standard error. Of a mode that was never seen each end of the interval takes the
worst: the end of its range. (Were it uniform there, intervals would be too short where what does not learn is
at 0, as on parity: two runs that both learned say little of that.) The interval holds the central 95%, and p
is 0 or 1 at an end that every run agrees with. It never leaves what is possible, but for what was measured.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy.stats import beta, norm, qmc
from scipy.stats import t as student

from icl_bench.scoring.scores import CONFIDENCE
from icl_bench.specs.result import Estimate

_TAIL = (1 - CONFIDENCE) / 2
_POINTS = 12  # 2^12 points of a Sobol sequence in place of random draws: the same for every model
_ONE_RUN = 0.1  # standard error of a mode's mean that one run is known of, over the mode's range

_Gains = Float[np.ndarray, " runs"]


@dataclass(frozen=True)
class Learned:
    """Of the training runs of a model on an all-or-nothing task, those that learned it."""

    runs: int
    learned: int
    probability: Estimate  # that a run learns
    gain: Estimate | None  # of the runs that learned; None where none did


def learned_runs(gains: _Gains, prompts: float, learned_at: float) -> Learned:
    """How many of the runs learned, with intervals.

    gains: of each run; prompts: the variance of their mean that comes from prompts.
    """
    good, count = gains[gains >= learned_at], len(gains)
    low, high = _jeffreys(len(good), count)
    probability = Estimate(value=len(good) / count, low=low, high=high, reason=None)
    return Learned(count, len(good), probability, _when_learned(good, prompts) if len(good) else None)


def mean_interval(gains: _Gains, prompts: float, learned_at: float) -> tuple[float, float]:
    """The 95% interval of the mean gain over runs; arguments as above."""
    low, high = _mixture_ends(tuple(np.round(gains, 12).tolist()), float(f"{prompts:.6e}"), learned_at)
    mean = float(gains.mean())
    return min(low, mean), max(high, mean)


@lru_cache(maxsize=4_096)  # the same runs are asked about in the unit of each metric
def _mixture_ends(runs: tuple[float, ...], prompts: float, learned_at: float) -> tuple[float, float]:
    gains = np.array(runs)
    learned = gains >= learned_at
    k, n = int(learned.sum()), len(gains)
    p = _beta_quantiles(k, n)
    upper, lower = gains[learned], gains[~learned]
    ends = []
    for end, (share, certain) in enumerate(((_TAIL, 0), (1 - _TAIL, n))):
        high = _mode_mean(upper, prompts, (learned_at, 1.0), 1, end)
        low = _mode_mean(lower, prompts, (0.0, learned_at), 2, end)
        mixture = (low, high)[end] if k == certain else p * high + (1 - p) * low
        ends.append(float(np.quantile(mixture, share)))
    return ends[0], ends[1]


@lru_cache(maxsize=256)
def _jeffreys(k: int, n: int) -> tuple[float, float]:
    low, high = (float(beta.ppf(share, k + 0.5, n - k + 0.5)) for share in (_TAIL, 1 - _TAIL))
    return 0.0 if k == 0 else low, 1.0 if k == n else high


def _when_learned(gains: _Gains, prompts: float) -> Estimate:
    mean, count = float(gains.mean()), len(gains)
    if count == 1:
        reach = norm.isf(_TAIL) * np.sqrt(prompts)
    else:
        reach = student.isf(_TAIL, count - 1) * np.sqrt(gains.var(ddof=1) / count + prompts)
    return Estimate(value=mean, low=mean - float(reach), high=mean + float(reach), reason=None)


def _mode_mean(
    gains: _Gains, prompts: float, limits: tuple[float, float], column: int, end: int
) -> np.ndarray:
    """The mean of a mode's runs on each point, for one end of an interval."""
    low, high = limits
    count = len(gains)
    if count == 0:
        return np.full(len(_points()), limits[end])
    if count == 1:
        steps, error = _t_quantiles(np.inf, column), _ONE_RUN * (high - low)
    else:
        steps, error = _t_quantiles(float(count - 1), column), np.sqrt(gains.var(ddof=1) / count + prompts)
    return np.clip(gains.mean() + error * steps, low, high)


@lru_cache(maxsize=1)
def _points() -> Float[np.ndarray, "points 3"]:
    """In the unit cube, none on its faces."""
    points = qmc.Sobol(3, scramble=False).random_base2(_POINTS)
    return points + 0.5 / len(points)


@lru_cache(maxsize=256)
def _beta_quantiles(k: int, n: int) -> np.ndarray:
    return np.asarray(beta.ppf(_points()[:, 0], k + 0.5, n - k + 0.5))


@lru_cache(maxsize=256)
def _t_quantiles(degrees: float, column: int) -> np.ndarray:
    u = _points()[:, column]
    return np.asarray(norm.ppf(u) if np.isinf(degrees) else student.ppf(u, degrees))
