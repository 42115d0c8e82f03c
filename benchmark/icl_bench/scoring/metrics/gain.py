"""Gain: 0 for the best answer without the context, 1 for the exact, or best known, predictor of the task."""

from typing import ClassVar, Literal

from icl_bench.scoring.metric import METRICS, Anchor, Column, Metric, Origin, Sums
from icl_bench.scoring.scores import share_of_gain


@METRICS.register
class Gain(Metric):
    """Σ (ξ_model − ξ_prior) / Σ (ξ_exact − ξ_prior) over scored context lengths: optimality, measured from
    the prior mean E[y | x]. The same as optimality where that is 0, which it is but for parity."""

    heading: ClassVar[str] = "Gain"
    hub_type: ClassVar[str] = "gain"
    definition: ClassVar[str] = (
        "Optimality measured from the prior mean: the error removed from that of the best answer without "
        "the context, over what the exact predictor removes."
    )
    place: ClassVar[int] = 3
    anchor: ClassVar[Anchor | None] = "exact"
    origin: ClassVar[Origin] = "floor"

    type: Literal["gain"] = "gain"

    def compute(self, model: Sums, anchor: Column, origin: Column, count: int) -> Sums:
        """The share of what the exact predictor gains over the prior mean."""
        return share_of_gain(model, anchor, origin)
