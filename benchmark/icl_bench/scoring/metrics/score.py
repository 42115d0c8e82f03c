"""The ICL regression score: 0 for answering 0, 1 for the task's baseline.

Source: Campbell et al. 2024 (arXiv 2411.03945), equation 1.
"""

from typing import ClassVar, Literal

from icl_bench.scoring.metric import METRICS, Anchor, Column, Metric, Sums
from icl_bench.scoring.scores import share_of_gain


@METRICS.register
class Score(Metric):
    """Σ (ξ_model − ξ_0) / Σ (ξ_baseline − ξ_0) over scored context lengths."""

    heading: ClassVar[str] = "ICL regression score"
    hub_type: ClassVar[str] = "icl_regression_score"
    definition: ClassVar[str] = (
        "The error removed from that of answering 0, over what the task's baseline removes."
    )
    place: ClassVar[int] = 1
    anchor: ClassVar[Anchor | None] = "baseline"

    type: Literal["score"] = "score"

    def compute(self, model: Sums, anchor: Column, origin: Column, count: int) -> Sums:
        """The share of what the baseline gains over answering 0."""
        return share_of_gain(model, anchor, origin)
