"""What the kinds of models that come with icl-bench share: `reference/NAME` and `zoo/NAME`."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from icl_bench.entries.base import EntryKind, Source
from icl_bench.entries.checkpoints import CheckpointSource
from icl_bench.errors import InputError
from icl_bench.models.shipped import bare_name, collection_of, shipped_folders, suite_models
from icl_bench.specs.result import ModelIdentity, ResultRecord
from icl_bench.suites import Suite


class ShippedKind(EntryKind):
    """A shipped architecture, with the weights of seed 0; `type` is its collection."""

    shipped: ClassVar[bool] = True

    def recognises(self, name: str) -> bool:
        """By its collection."""
        return collection_of(name) == self.type

    def open(
        self, name: str, suite: Suite, revision: str | None, device: str | None, tasks: Sequence[str] | None
    ) -> Source:
        """Its shipped checkpoints; InputError where it has none for any of the tasks."""
        if revision is not None:
            raise InputError(
                f"{name} has no revisions, only a Hub model has; leave out --revision", code="no-revision"
            )
        identity = ModelIdentity(kind=self.type, id=name, revision=None)
        return CheckpointSource(
            identity, shipped_folders(name, suite, list(tasks or suite.tasks)), suite, device
        )

    def known(self, suite: Suite) -> list[str]:
        """Those whose checkpoints answer tasks of the suite."""
        return suite_models(suite, [self.type])

    def recorded_in(self, name: str, submissions: Path) -> Path | None:
        """Its folder in its collection."""
        return submissions / self.type / bare_name(name)

    def record_fault(self, record: ResultRecord, name: str, seed: int) -> str | None:
        """Another architecture or seed."""
        name = bare_name(name)
        for task, result in record.tasks.items():
            checkpoint = result.checkpoint
            if checkpoint is None or checkpoint.spec.get("name") != name or result.seed != seed:
                return f"tasks.{task} is not of {name} trained with seed {seed}; evaluate it again"
        return None
