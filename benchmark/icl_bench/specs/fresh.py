"""The record of a model on fresh prompts, whose seed was not known when its weights were fixed."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from icl_bench.files import write_text
from icl_bench.specs.names import Commit, Sha256
from icl_bench.specs.record_json import as_json
from icl_bench.specs.result import (
    Count,
    Environment,
    Estimate,
    Evaluator,
    ModelIdentity,
    Printable,
    SquaredError,
    SuiteIdentity,
)
from icl_bench.specs.schema import Strict


class FreshTask(Strict):
    """One task. Errors are a prompt's squared errors, averaged over the coordinates of y and summed over the
    scored context lengths, as in the record of the frozen prompts. The share of the probability that labels
    hold is said there alone: it is no part of a score."""

    sha256: Sha256  # of model.safetensors; of a language model, of the list of its files
    prompts: Count
    prompt_errors: list[SquaredError]
    zero_errors: list[SquaredError]  # of answering 0
    exact_errors: list[SquaredError] | None = None  # of the exact predictor, where it is computed in seconds
    # Schema 2: by how much the optimality is lower here than on the frozen prompts, with control variates.
    # Schema 1: the mean error over that of answering 0, here less that on the frozen prompts.
    gap: Estimate

    @model_validator(mode="after")
    def _lengths_agree(self) -> "FreshTask":
        for name in ("prompt_errors", "zero_errors", "exact_errors"):
            errors = getattr(self, name)
            if errors is not None and len(errors) != self.prompts:
                raise ValueError(f"{len(errors)} {name} for {self.prompts} prompts")
        return self


class FreshRecord(Strict):
    """How one model does on a suite's tasks, on prompts that follow from a commit."""

    schema_version: Literal[1, 2] = Field(alias="schema")
    model: ModelIdentity
    suite: SuiteIdentity
    commit: Commit  # that the prompts are drawn from
    evaluator: Evaluator
    environment: Environment
    tasks: dict[Printable, FreshTask]

    @model_validator(mode="after")
    def _schema_1_has_no_exact_errors(self) -> "FreshRecord":
        if self.schema_version == 1 and any(task.exact_errors is not None for task in self.tasks.values()):
            raise ValueError("exact_errors are of schema 2; evaluate again")
        return self

    def to_json(self) -> str:
        """The record's file, in the form of its schema: keys in a fixed order, one line a list of numbers."""
        value = self.model_dump(by_alias=True)
        if self.schema_version == 1:
            for task in value["tasks"].values():
                del task["exact_errors"]
        return as_json(value)

    def save(self, path: Path) -> None:
        """Write the record, whole or not at all; StorageError where that is not possible."""
        write_text(path, self.to_json())
