"""Numbers of records, and a number with its interval."""

from typing import Annotated

from pydantic import Field, model_validator

from icl_bench.specs.schema import Strict

Finite = Annotated[float, Field(allow_inf_nan=False)]
SquaredError = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


class Estimate(Strict):
    """A number and its 95% interval; without an interval, or without a number, the reason is given.

    `prompts` is set where it rests on fewer prompts than the task's: on that many, the first ones.
    """

    value: Finite | None
    low: Finite | None
    high: Finite | None
    reason: str | None
    prompts: Count | None = None

    @model_validator(mode="after")
    def _has_an_interval_or_a_reason(self) -> "Estimate":
        if (self.low is None) != (self.high is None) or (self.value is None and self.low is not None):
            raise ValueError("an interval has both ends and a value; give all three or a reason")
        if (self.low is None) != (self.reason is not None):
            raise ValueError("an estimate has either an interval or the reason why not")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"the interval from {self.low} to {self.high} has its ends the wrong way round")
        return self


NO_ESTIMATE = Estimate(value=None, low=None, high=None, reason="not recorded")
