"""References as entries: `reference/NAME`, the architectures that are shipped with weights."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from icl_bench.entries.base import ENTRY_KINDS, EntryKind, Source
from icl_bench.entries.checkpoints import CheckpointSource
from icl_bench.errors import InputError
from icl_bench.models.reference import (
    PREFIX,
    REFERENCE_FOLDER,
    shipped_folders,
    suite_references,
)
from icl_bench.specs.result import ModelIdentity, ResultRecord
from icl_bench.suites import Suite


@ENTRY_KINDS.register
class ReferenceKind(EntryKind):
    """A shipped architecture, with the weights of seed 0."""

    type: Literal["reference"] = "reference"
    place: ClassVar[int] = 1
    shown_as: ClassVar[str] = "reference"
    names: ClassVar[str] = "reference/NAME"
    shipped: ClassVar[bool] = True

    def recognises(self, name: str) -> bool:
        """By its prefix."""
        return name.startswith(PREFIX)

    def open(
        self, name: str, suite: Suite, revision: str | None, device: str | None, tasks: Sequence[str] | None
    ) -> Source:
        """Its shipped checkpoints; InputError where it has none for any of the tasks."""
        if revision is not None:
            raise InputError(
                f"{name} has no revisions, only a Hub model has; leave out --revision", code="no-revision"
            )
        identity = ModelIdentity(kind="reference", id=name, revision=None)
        folders = shipped_folders(name.removeprefix(PREFIX), suite, list(tasks or suite.tasks))
        return CheckpointSource(identity, folders, suite, device)

    def known(self, suite: Suite) -> list[str]:
        """Those whose checkpoints answer tasks of the suite."""
        return [PREFIX + name for name in suite_references(suite)]

    def recorded_in(self, name: str, submissions: Path) -> Path | None:
        """Its folder among the references."""
        return submissions / REFERENCE_FOLDER / name.removeprefix(PREFIX)

    def record_fault(self, record: ResultRecord, name: str, seed: int) -> str | None:
        """Another architecture or seed."""
        name = name.removeprefix(PREFIX)
        for task, result in record.tasks.items():
            checkpoint = result.checkpoint
            if checkpoint is None or checkpoint.spec.get("name") != name or result.seed != seed:
                return f"tasks.{task} is not of {name} trained with seed {seed}; evaluate it again"
        return None
