"""How much worse a model is on fresh prompts than on the frozen ones, and whether sampling explains it.

What makes a prompt hard is hard for the exact predictor too, and large targets make large errors: both are
known of every prompt. So they are taken out as control variates. With ξ a prompt's error, summed over scored
context lengths,

    G = (mean of r on the fresh prompts - mean of r on the frozen prompts) / mean of (ξ_zero - ξ_exact),
    r = ξ_model - a ξ_exact - b ξ_zero,

where a and b are those of the least-squares fit of ξ_model to 1, ξ_exact and ξ_zero on the fresh prompts,
which no model could know, and the last mean is over the frozen ones. G estimates by how much optimality is
lower on fresh prompts. The two are independent samples of prompts: each is resampled by draws of its own, and
the central 95% of the differences is the interval. Where the exact predictor has no errors of all prompts,
it is left out, and ξ_zero alone stands below. A ξ_model above ten times the mean of ξ_zero counts as that: a
predictor whose answers explode on a few prompts has a mean error that no sample tells.

Source: Lavenberg and Welch 1981, "A perspective on the use of control variables to increase the efficiency of
Monte Carlo simulations".
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from jaxtyping import Float

from icl_bench.scoring.scores import CONFIDENCE, interval_estimate, resampled_sums
from icl_bench.specs.result import Estimate

Errors = Float[np.ndarray, " prompts"]
ROUNDING = 1e-5  # of a gap, or an optimality above 1, that float32 may make

_LARGEST = 10  # of a prompt's error, over the mean error of answering 0
_SMALLEST_SPREAD = 1e-6  # of a control, over the mean error of answering 0: less is rounding


@dataclass(frozen=True)
class PromptSample:
    """Errors on the same prompts, one a prompt; those of the exact predictor where they are known."""

    model: np.ndarray
    zero: np.ndarray
    exact: np.ndarray | None = None


def optimality_gap(
    frozen: PromptSample, fresh: PromptSample, resamples: int, keys: tuple[str, str]
) -> Estimate:
    """G with its 95% interval; `keys` are the streams of the resamples of frozen and of fresh prompts."""
    frozen_controls, fresh_controls = _controls(frozen, fresh), _controls(fresh, frozen)
    largest = _LARGEST * float(frozen.zero.mean())
    frozen_model, fresh_model = (np.minimum(sample.model, largest) for sample in (frozen, fresh))
    weights = _fitted(fresh_model, fresh_controls, float(fresh.zero.mean()))
    gain = _gain(frozen, with_exact=len(weights) > 1)
    means, drawn = [], []
    samples = ((frozen_model, frozen_controls), (fresh_model, fresh_controls))
    for (model, controls), key in zip(samples, keys, strict=True):
        left = (model - controls @ weights) / gain
        means.append(float(left.mean()))
        drawn.append(resampled_sums(left[:, None], resamples, key)[:, 0] / len(left))
    return interval_estimate(means[1] - means[0], drawn[1] - drawn[0])


def errors_by_fresh(frozen: PromptSample, fresh: PromptSample) -> Errors:
    """What a model's errors on fresh prompts tell of those on the frozen ones, as many of each.

    r of the fresh prompts, plus a ξ_exact + b ξ_zero of the frozen ones: its mean is that on fresh prompts,
    less what made these harder or easier, and it goes with the errors of other models on the frozen prompts
    as far as the controls do. A value may be below 0. `frozen.model` is not read.
    """
    frozen_controls, fresh_controls = _controls(frozen, fresh), _controls(fresh, frozen)
    zero = float(frozen.zero.mean())
    weights = _fitted(np.minimum(fresh.model, _LARGEST * zero), fresh_controls, float(fresh.zero.mean()))
    return fresh.model + (frozen_controls - fresh_controls) @ weights


def ratio_gap(frozen: PromptSample, fresh: PromptSample, resamples: int, keys: tuple[str, str]) -> Estimate:
    """ξ_model / ξ_zero on the fresh prompts less the same on the frozen ones: the gap of fresh records of
    schema 1, which have no errors of the exact predictor."""
    values, drawn = [], []
    for sample, key in zip((frozen, fresh), keys, strict=True):
        sums = resampled_sums(np.stack([sample.model, sample.zero], axis=1), resamples, key)
        values.append(float(sample.model.sum()) / float(sample.zero.sum()))
        drawn.append(sums[:, 0] / sums[:, 1])
    return interval_estimate(values[1] - values[0], drawn[1] - drawn[0])


def beyond_sampling_error(gap: Estimate, tasks: int = 1) -> bool:
    """Whether a model is worse on fresh prompts by more than the sampling of prompts explains.

    `tasks` is how many gaps of the model are looked at: the interval is widened, as for a normal
    distribution, so that a model that learned its tasks has a false alarm in any of them in at most 2.5% of
    cases. A model that is better on fresh prompts is no alarm.
    """
    return beyond(gap, 0.0, tasks)


def beyond(estimate: Estimate, limit: float, tests: int) -> bool:
    """Whether an estimate is above a limit by more than sampling explains, in so many tests (Bonferroni)."""
    if estimate.value is None or estimate.low is None:
        return False
    tail = (1 - CONFIDENCE) / 2
    wider = NormalDist().inv_cdf(tail / tests) / NormalDist().inv_cdf(tail)
    return estimate.value - wider * (estimate.value - estimate.low) > limit + ROUNDING


def _controls(sample: PromptSample, other: PromptSample) -> np.ndarray:
    """What is taken out (prompts, 1 or 2): errors of zero, and of the exact predictor where both have it."""
    if sample.exact is None or other.exact is None:
        return sample.zero[:, None]
    return np.stack([sample.zero, sample.exact], axis=1)


def _fitted(model: np.ndarray, controls: np.ndarray, zero: float) -> np.ndarray:
    """The weight of each control; 0 where it hardly varies."""
    centred = controls - controls.mean(axis=0)
    centred[:, centred.std(axis=0) < _SMALLEST_SPREAD * zero] = 0
    return np.linalg.lstsq(centred, model - model.mean(), rcond=None)[0]


def _gain(frozen: PromptSample, with_exact: bool) -> float:
    """What a gap is measured in: the mean error that the exact predictor removes, or all of it."""
    zero = float(frozen.zero.mean())
    left = float(frozen.exact.mean()) if with_exact and frozen.exact is not None else 0.0
    return zero - left if left < zero else zero
