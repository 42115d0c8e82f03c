"""Which known algorithm a model's predictions are nearest to."""

from typing import ClassVar, Literal

import numpy as np

from icl_bench.charts import Chart
from icl_bench.charts.series import Scale
from icl_bench.frozen.anchors import IDEAL, baseline_answers
from icl_bench.probes.algorithms import algorithms
from icl_bench.probes.base import PROBES, Probe, Subject
from icl_bench.scoring.scores import interval_ends, scored_sums, squared_errors
from icl_bench.specs.probe_record import Finding
from icl_bench.specs.result import Estimate
from icl_bench.suites import Prompts

PROMPTS = 256  # the first of the task
ALIKE = 1e-9  # of the error of answering 0: algorithms that differ by less are one
DRAWN = 4  # algorithms in its panel, the nearest
MARGIN = "margin to"  # the second nearest
NOTHING = "–"  # without examples


@PROBES.register
class NearestAlgorithm(Probe):
    """The squared difference of the model's predictions and those of each algorithm, over ξ_0.

    Algorithms: the exact predictor, the in-distribution ideal of a variant, every baseline that answers in
    seconds or that scores rest on, ridges, and 1 to 10 steps of gradient descent at the rate that is best on
    the development stream. Of algorithms that answer alike where it is scored the first one is kept.
    """

    type: Literal["nearest_algorithm"] = "nearest_algorithm"
    place: ClassVar[int] = 1
    heading: ClassVar[str] = "Nearest algorithm"
    definition: ClassVar[str] = (
        "The algorithm whose predictions are nearest to the model's: the mean squared difference, as a share "
        "of the error of answering 0."
    )
    y_label: ClassVar[str] = "squared difference, of the error of answering 0"
    y_scale: ClassVar[Scale] = "log"

    def further(self, finding: Finding) -> dict[str, Estimate]:
        """The margin: distances to all are in the data files."""
        return {name: value for name, value in finding.values.items() if name.startswith(MARGIN)}

    def panel(self, title: str, finding: Finding) -> Chart | None:
        """The chart of the nearest few, the exact predictor and the ideal among them."""
        order = sorted(finding.curves, key=lambda name: finding.values[name].value or 0.0)
        kept = {*order[:DRAWN], next(iter(finding.curves)), IDEAL}
        curves = {name: curve for name, curve in finding.curves.items() if name in kept}
        return super().panel(title, finding.model_copy(update={"curves": curves}))

    def measure(self, subject: Subject) -> Finding:
        """Distances summed over the scored context lengths, and at each of them."""
        prompts = subject.prompts.part(slice(PROMPTS))
        predictions = subject.predictions[:PROMPTS]
        squared = _differences(subject, prompts, predictions)
        zero = np.square(prompts.targets.astype(np.float64)).mean(axis=2)
        scored = subject.task.scored_points
        sums = np.column_stack([scored_sums(values, scored) for values in squared.values()])
        distances, resampled = subject.ratios(sums, scored_sums(zero, scored))
        names = list(squared)
        first, second = np.argsort(distances, kind="stable")[:2]
        ends = interval_ends(resampled).T.tolist()
        values = {
            name: Estimate(value=float(distances[k]), low=ends[k][0], high=ends[k][1], reason=None)
            for k, name in enumerate(names)
        }
        lead = resampled[:, second] - resampled[:, first]
        low, high = interval_ends(lead).tolist()
        margin = Estimate(value=float(distances[second] - distances[first]), low=low, high=high, reason=None)
        positions = list(scored.positions)
        curves = {
            name: values.mean(axis=0)[positions] / zero.mean(axis=0)[positions]
            for name, values in squared.items()
        }
        return Finding(
            estimate=values[names[first]],
            label=names[first],
            values={**values, f"{MARGIN} {names[second]}": margin},
            curves={name: curve.tolist() for name, curve in curves.items()},
            x=[float(length) for length in positions],
            labels=_nearest_at(curves),
        )


def _differences(subject: Subject, prompts: Prompts, predictions: np.ndarray) -> dict[str, np.ndarray]:
    """By algorithm (prompts, points): of what its answers differ from the model's."""
    at = list(prompts.task.scored_points.positions)
    alike = ALIKE * np.square(prompts.targets[:, at].astype(np.float64)).mean()
    squared: dict[str, np.ndarray] = {}
    answers: list[np.ndarray] = []
    for name, algorithm in algorithms(subject.suite, subject.task):
        answer = baseline_answers(algorithm, prompts)
        scored = answer[:, at].astype(np.float64)
        if not any(np.square(scored - other).mean() < alike for other in answers):
            answers.append(scored)
            squared[name] = squared_errors(answer, predictions)
    return squared


def _nearest_at(curves: dict[str, np.ndarray]) -> list[str]:
    """The nearest one at each length; none where all are as near."""
    names, table = list(curves), np.array(list(curves.values()))
    alike = table.min(axis=0) == table.max(axis=0)
    return [NOTHING if alike[k] else names[row] for k, row in enumerate(table.argmin(axis=0).tolist())]
