"""How many examples a model needs until it is about as good as the exact predictor, and stays so."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float

from icl_bench.predictor import Missing
from icl_bench.probes.base import PROBES, Probe, Subject
from icl_bench.scoring.scores import bootstrap_key, interval_ends, resampled_sums, without_estimate
from icl_bench.specs.probe_record import Finding
from icl_bench.specs.result import Estimate
from icl_bench.specs.suite import TaskSpec

SHARE = 0.1  # of the error of answering 0


@PROBES.register
class SampleEfficiency(Probe):
    """The first context length from which the error stays within 10% of ξ_0 of the exact predictor's.

    The share is of the error of answering 0, since an exact predictor's own error may be 0. Its 95% interval
    resamples prompts; a resample in which the model never comes so near counts as one length more than there
    are.
    """

    type: Literal["sample_efficiency"] = "sample_efficiency"
    place: ClassVar[int] = 0
    heading: ClassVar[str] = "Examples needed"
    definition: ClassVar[str] = (
        "Examples until the error stays within 10% of the error of answering 0 of the exact predictor's."
    )
    y_label: ClassVar[str] = "excess error, of answering 0"

    def serves(self, task: TaskSpec) -> bool:
        """Where every context length is scored."""
        return task.scored_points.every

    def measure(self, subject: Subject) -> Finding:
        """The length, and the excess error at each."""
        exact, zero = subject.anchors.exact, subject.anchors.zero
        if isinstance(exact, Missing):
            return Finding(estimate=without_estimate(exact.reason))
        errors, points = subject.errors, subject.task.points
        excess = (errors.mean(axis=0) - exact.curve) / zero.curve
        key = bootstrap_key(subject.suite.full_name(subject.task.name))
        sums = resampled_sums(errors, subject.suite.spec.resamples, key)
        drawn = examples_needed((sums / len(errors) - exact.curve) / zero.curve)
        (needed,) = examples_needed(excess[None])
        low, high = interval_ends(drawn).tolist()
        estimate = Estimate(value=float(needed), low=low, high=high, reason=None)
        if needed == points:
            estimate = without_estimate(f"not within {points - 1} examples")
        curves = {"excess": excess.tolist()}
        return Finding(estimate=estimate, curves=curves, x=[float(length) for length in range(points)])


def examples_needed(excess: Float[np.ndarray, "rows points"]) -> Float[np.ndarray, " rows"]:
    """The first context length from which each row of excess errors, in shares of the error of answering 0,
    stays within SHARE; the number of points where there is none."""
    large = excess > SHARE
    last = excess.shape[1] - np.argmax(large[:, ::-1], axis=1)  # one after the last large one
    return np.where(large.any(axis=1), last, 0).astype(np.float64)
