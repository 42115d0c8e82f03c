"""What every probe defines: a measurement on the frozen prompts of a task, its column and its panel.

A probe is a file in this folder with a subclass of `Probe` under `@PROBES.register`. What it measures is a
`Finding`, which is recorded beside results and shown on the pages of models.
"""

from dataclasses import dataclass
from functools import cached_property
from math import nan
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from jaxtyping import Float

from icl_bench.charts import Chart, Series
from icl_bench.charts.series import Scale
from icl_bench.evaluation.predict import predict_all
from icl_bench.frozen.anchors import Anchors, suite_anchors
from icl_bench.predictor import Predictor
from icl_bench.scoring.scores import bootstrap_key, resampled_sums, squared_errors
from icl_bench.specs.probe_record import Finding
from icl_bench.specs.result import Estimate
from icl_bench.specs.schema import Registry, Strict
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites import Prompts, Suite, load_prompts

if TYPE_CHECKING:
    from icl_bench.models.model import ICLModel


@dataclass(frozen=True)
class Subject:
    """A predictor on one task of a suite: what probes measure."""

    suite: Suite
    task: TaskSpec
    predictor: Predictor

    @cached_property
    def prompts(self) -> Prompts:
        """The frozen prompts."""
        return load_prompts(self.suite, self.task.name)

    @cached_property
    def predictions(self) -> Float[np.ndarray, "prompts points k"]:
        """Its predictions; CheckError where one is not finite."""
        return predict_all(self.predictor, self.prompts, self.task.name, progress=False)

    @cached_property
    def errors(self) -> Float[np.ndarray, "prompts points"]:
        """Its squared errors, averaged over the coordinates of y; CheckError where one is not finite."""
        return squared_errors(self.predictions, self.prompts.targets)

    @cached_property
    def network(self) -> "ICLModel | None":
        """What is inside the predictor; None where that is not built from an architecture spec."""
        from icl_bench.models.model import ICLModel  # imports torch, which baselines do not need

        model = getattr(self.predictor, "model", None)
        return model if isinstance(model, ICLModel) else None

    @property
    def stream(self) -> str:
        """The name of the random stream of its task that probes draw from, apart from that of its prompts."""
        return f"{self.suite.full_name(self.task.name)}/probe"

    def ratios(
        self, parts: Float[np.ndarray, "prompts columns"], whole: Float[np.ndarray, " prompts"]
    ) -> tuple[Float[np.ndarray, " columns"], Float[np.ndarray, "resamples columns"]]:
        """The sum of each column over that of `whole`, and the same of each bootstrap resample of prompts."""
        columns = np.column_stack([parts, whole])
        key = bootstrap_key(self.suite.full_name(self.task.name))
        sums = resampled_sums(columns, self.suite.spec.resamples, key)
        values = columns.sum(axis=0)
        return values[:-1] / values[-1], sums[:, :-1] / sums[:, -1:]

    @cached_property
    def anchors(self) -> Anchors:
        """The errors of answering 0, of the task's baseline and of its exact predictor."""
        return suite_anchors(self.suite, self.task)


class Probe(Strict):
    """A measurement: a subclass per file, which names itself by `type`."""

    type: str

    place: ClassVar[int]  # in the order in which probes are shown
    heading: ClassVar[str]  # of its column
    definition: ClassVar[str]  # one sentence, plain text
    looks_inside: ClassVar[bool] = False  # whether it reads the states of a network, not predictions alone
    x_label: ClassVar[str] = "context length"  # of its panel
    y_label: ClassVar[str] = ""
    y_scale: ClassVar[Scale] = "linear"

    def serves(self, task: TaskSpec) -> bool:
        """Whether it can be measured on a task."""
        return True

    def measure(self, subject: Subject) -> Finding:
        """The finding on one task. InputError where the predictor has nothing to measure."""
        raise NotImplementedError

    def further(self, finding: Finding) -> dict[str, Estimate]:
        """The numbers beside the estimate that its page shows, by name."""
        return finding.values

    def panel(self, title: str, finding: Finding) -> Chart | None:
        """The chart of a finding; None where it has no curves, or points of them alone."""
        if not finding.curves or len(finding.x) < 2:
            return None
        series = [
            Series(name, finding.x, [nan if y is None else y for y in curve])
            for name, curve in finding.curves.items()
        ]
        return Chart(title, self.x_label, self.y_label, series, y_scale=self.y_scale)


PROBES: Registry[Any] = Registry("probe", "icl_bench.probes")


def probes() -> dict[str, Probe]:
    """Every probe by name, in the order in which they are shown."""
    every = sorted((entry() for entry in PROBES.entries().values()), key=lambda probe: probe.place)
    return {probe.type: probe for probe in every}
