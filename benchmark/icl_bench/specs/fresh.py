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
    scored context lengths, as in the record of the frozen prompts."""

    sha256: Sha256  # of model.safetensors
    prompts: Count
    prompt_errors: list[SquaredError]
    zero_errors: list[SquaredError]  # of answering 0
    gap: Estimate  # the mean error over that of answering 0, here less that on the frozen prompts

    @model_validator(mode="after")
    def _lengths_agree(self) -> "FreshTask":
        for name in ("prompt_errors", "zero_errors"):
            if len(getattr(self, name)) != self.prompts:
                raise ValueError(f"{len(getattr(self, name))} {name} for {self.prompts} prompts")
        return self


class FreshRecord(Strict):
    """How one model does on a suite's tasks, on prompts that follow from a commit."""

    schema_version: Literal[1] = Field(alias="schema")
    model: ModelIdentity
    suite: SuiteIdentity
    commit: Commit  # that the prompts are drawn from
    evaluator: Evaluator
    environment: Environment
    tasks: dict[Printable, FreshTask]

    def to_json(self) -> str:
        """The record's file: keys in a fixed order, one line a list of numbers."""
        return as_json(self.model_dump(by_alias=True))

    def save(self, path: Path) -> None:
        """Write the record, whole or not at all; StorageError where that is not possible."""
        write_text(path, self.to_json())
