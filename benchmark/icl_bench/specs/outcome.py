"""How a training run ended, as a checkpoint's `config.json` says under `training.outcome`."""

from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from icl_bench.specs.schema import Strict

Threshold = Literal["0.5", "0.9"]
LEARNED: tuple[Threshold, ...] = (
    "0.5",
    "0.9",
)  # optimalities; the first step at which a run passes one is reported


class Outcome(Strict):
    """Read off a run's learning curve by `icl_bench.training.convergence`.

    Optimality is that of development prompts. Numbers are null where the suite has nothing to compare with.
    """

    steps: int = Field(ge=0, le=100_000_000)  # that were made
    ended: Literal["rule", "budget"]  # by the recipe's stopping rule, or by its steps
    optimality: float | None = Field(allow_inf_nan=False)  # at the end
    doubling_gain: float | None = Field(
        allow_inf_nan=False
    )  # what twice the steps would add, where that is known
    converged: bool | None  # whether that is next to nothing
    steps_to_learn: dict[Threshold, int | None]  # by optimality; null: not within the steps

    @model_validator(mode="after")
    def _learned_within_the_steps(self) -> "Outcome":
        if not all(step is None or 1 <= step <= self.steps for step in self.steps_to_learn.values()):
            raise ValueError("a step at which a run had learned is one of its steps")
        return self


def read_outcome(training: dict[str, Any] | None) -> Outcome | None:
    """What a checkpoint says of its training; None where it says nothing, or nothing that this can read."""
    try:
        return Outcome.model_validate((training or {})["outcome"])
    except (LookupError, ValidationError):
        return None
