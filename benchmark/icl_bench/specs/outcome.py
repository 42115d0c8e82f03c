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


def training_processor(training: dict[str, Any] | None) -> str | None:
    """The processor or GPU that a checkpoint says it was trained on; None where it does not say."""
    environment = (training or {}).get("environment")
    if not isinstance(environment, dict):
        return None
    name = environment.get("processor") or environment.get("device")
    return name if isinstance(name, str) else None


OUTCOME_COLUMNS = {
    "steps": "of training, as the checkpoint says; empty where it says nothing of them",
    "ended": "budget, or rule where the recipe's stopping rule ended the run before",
    "converged": "whether twice the steps would add less than 0.01 to an optimality of at least 0.5",
    "doubling_gain": "the optimality that twice the steps would add, by a fitted power law; empty below 0.5",
    "steps_to_learn_0.5": "the first step with a development optimality of 0.5; empty: not within the steps",
    "steps_to_learn_0.9": "the same of 0.9",
}


def outcome_row(outcome: Outcome | None) -> dict[str, Any]:
    """How training ended, as columns of a table; None where nothing is known."""
    if outcome is None:
        return dict.fromkeys(OUTCOME_COLUMNS)
    row = outcome.model_dump(include={"steps", "ended", "converged", "doubling_gain"})
    return row | {f"steps_to_learn_{at}": outcome.steps_to_learn.get(at) for at in LEARNED}
