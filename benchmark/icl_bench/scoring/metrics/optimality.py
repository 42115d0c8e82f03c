"""Optimality: 0 for answering 0, 1 for the exact, or best known, predictor of the task."""

from typing import ClassVar, Literal

from icl_bench.scoring.metric import METRICS, Anchor, Column, Metric, Sums
from icl_bench.scoring.scores import share_of_gain


@METRICS.register
class Optimality(Metric):
    """Σ (ξ_model − ξ_0) / Σ (ξ_exact − ξ_0) over scored context lengths."""

    heading: ClassVar[str] = "Optimality"
    hub_type: ClassVar[str] = "optimality"
    definition: ClassVar[str] = (
        "The error removed from that of answering 0, over what the exact predictor removes."
    )
    place: ClassVar[int] = 2
    anchor: ClassVar[Anchor | None] = "exact"

    type: Literal["optimality"] = "optimality"

    def compute(self, model: Sums, anchor: Column, origin: Column, count: int) -> Sums:
        """The share of what the exact predictor gains over answering 0."""
        return share_of_gain(model, anchor, origin)
