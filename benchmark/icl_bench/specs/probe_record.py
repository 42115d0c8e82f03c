"""The record of probes: measurements of a model that are not its score, on a suite's frozen prompts."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from icl_bench.files import write_text
from icl_bench.specs.names import Sha256, TaskName
from icl_bench.specs.record_json import as_json
from icl_bench.specs.result import (
    Environment,
    Estimate,
    Evaluator,
    Finite,
    ModelIdentity,
    Printable,
    SuiteIdentity,
)
from icl_bench.specs.schema import Strict


class Finding(Strict):
    """What one probe measured on one task."""

    estimate: Estimate  # the number in the probe's column
    label: Printable | None = None  # a word beside it
    values: dict[Printable, Estimate] = Field(default={})  # further numbers, by name
    curves: dict[Printable, list[Finite | None]] = Field(default={})  # of its panel, by name, against `x`
    x: list[Finite] = Field(default=[])
    labels: list[Printable] = Field(default=[])  # a word at each x

    @model_validator(mode="after")
    def _lengths_agree(self) -> "Finding":
        if self.labels and len(self.labels) != len(self.x):
            raise ValueError(f"labels has {len(self.labels)} entries for {len(self.x)} of x")
        for name, curve in self.curves.items():
            if len(curve) != len(self.x):
                raise ValueError(f"curves.{name} has {len(curve)} entries for {len(self.x)} of x")
        return self


class ProbeRecord(Strict):
    """What probes measured of one model on one suite, by probe and task."""

    schema_version: Literal[1] = Field(alias="schema")
    model: ModelIdentity
    suite: SuiteIdentity
    evaluator: Evaluator
    environment: Environment
    weights: dict[TaskName, Sha256]  # SHA-256 of model.safetensors, by task
    findings: Annotated[dict[Printable, dict[TaskName, Finding]], Field(min_length=1)]

    def to_json(self) -> str:
        """The record's file: keys in a fixed order, one line a list of numbers."""
        value: dict[str, Any] = self.model_dump(by_alias=True)
        value["suite"] = {key: part for key, part in value["suite"].items() if part is not None}
        return as_json(value)

    def save(self, path: Path | str) -> None:
        """Write the record, whole or not at all; StorageError where that is not possible."""
        write_text(Path(path), self.to_json())
