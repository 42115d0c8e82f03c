"""How many examples a model needs until it is about as good as the exact predictor, and stays so."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float

from icl_bench.baselines.base import get_baseline
from icl_bench.frozen.anchors import baseline_errors
from icl_bench.probes.base import PROBES, Probe, Subject
from icl_bench.scoring.scores import bootstrap_key, interval_ends, resampled_sums, without_estimate
from icl_bench.specs.probe_record import Finding
from icl_bench.specs.result import Estimate
from icl_bench.specs.suite import TaskSpec

SHARE = 0.1  # of the error of answering 0
CLOSE = 0.01  # the same, for a second number


@PROBES.register
class SampleEfficiency(Probe):
    """The first context length from which the error stays at most 0.1 ξ_0 above the exact predictor's, and at
    most 0.01 ξ_0. Model, exact predictor and ξ_0 are resampled together.

    The share is of the error of answering 0, since an exact predictor's own error may be 0. Its 95% interval
    resamples prompts; a resample in which the model never comes so near counts as one length more than there
    are.
    """

    type: Literal["sample_efficiency"] = "sample_efficiency"
    place: ClassVar[int] = 0
    heading: ClassVar[str] = "Examples needed"
    definition: ClassVar[str] = (
        "Examples until the error stays at most a tenth of that of answering 0 above the exact predictor's."
    )
    y_label: ClassVar[str] = "excess error, of answering 0"

    def serves(self, task: TaskSpec) -> bool:
        """Where every context length is scored."""
        return task.scored_points.every

    def measure(self, subject: Subject) -> Finding:
        """The length, and the excess error at each."""
        prompts, points = subject.prompts, subject.task.points
        exact = baseline_errors(get_baseline(subject.task.exact, subject.task), prompts)
        zero = np.square(prompts.targets.astype(np.float64)).mean(axis=2)
        key = bootstrap_key(subject.suite.full_name(subject.task.name))
        columns = np.hstack([subject.errors, exact, zero])
        sums = resampled_sums(columns, subject.suite.spec.resamples, key)
        excess, drawn = (
            (rows[:, :points] - rows[:, points : 2 * points]) / rows[:, 2 * points :]
            for rows in (columns.sum(axis=0)[None], sums)
        )
        needed = {share: _estimate(excess[0], drawn, share) for share in (SHARE, CLOSE)}
        return Finding(
            estimate=needed[SHARE],
            values={f"within {CLOSE:.0%}": needed[CLOSE]},
            curves={"excess": excess[0].tolist()},
            x=[float(length) for length in range(subject.task.points)],
        )


def _estimate(
    excess: Float[np.ndarray, " points"], drawn: Float[np.ndarray, "resamples points"], share: float
) -> Estimate:
    (needed,) = examples_needed(excess[None], share)
    if needed == len(excess):
        return without_estimate(f"not within {len(excess) - 1} examples")
    low, high = interval_ends(examples_needed(drawn, share)).tolist()
    return Estimate(value=float(needed), low=low, high=high, reason=None)


def examples_needed(
    excess: Float[np.ndarray, "rows points"], share: float = SHARE
) -> Float[np.ndarray, " rows"]:
    """The first context length from which each row of excess errors, in shares of the error of answering 0,
    stays within `share`; the number of points where there is none."""
    large = excess > share
    last = excess.shape[1] - np.argmax(large[:, ::-1], axis=1)  # one after the last large one
    return np.where(large.any(axis=1), last, 0).astype(np.float64)
