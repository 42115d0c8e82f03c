"""Mean squared error, over prompts, scored context lengths and coordinates of y."""

from typing import ClassVar, Literal

from icl_bench.scoring.metric import METRICS, Column, Metric, Sums


@METRICS.register
class MeanError(Metric):
    """ξ, in units of y²."""

    heading: ClassVar[str] = "Mean squared error"
    hub_type: ClassVar[str] = "mean_squared_error"
    definition: ClassVar[str] = (
        "The squared error, averaged over prompts, scored context lengths and coordinates."
    )
    place: ClassVar[int] = 0
    on_board: ClassVar[bool] = False

    type: Literal["mean_error"] = "mean_error"

    def compute(self, model: Sums, anchor: Column, origin: Column, count: int) -> Sums:
        """The mean of the squared errors."""
        return model / count
