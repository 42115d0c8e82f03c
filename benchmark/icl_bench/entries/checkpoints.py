"""The source of an entry that has weights: a checkpoint for each task that it was trained for."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from icl_bench.entries.base import TaskPredictor
from icl_bench.predictor import Missing
from icl_bench.specs.loops import with_loops
from icl_bench.specs.result import ModelIdentity
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites import Suite

if TYPE_CHECKING:
    from icl_bench.models.load import CheckpointFolder


class CheckpointSource:
    """Checkpoints that are on this disk, by task."""

    def __init__(
        self, identity: ModelIdentity, folders: Mapping[str, Path], suite: Suite, device: str | None
    ) -> None:
        """Folders are checked, weights read later. CheckpointError where one does not fit its task."""
        from icl_bench.models.load import open_checkpoints  # imports torch, which baselines do not need

        self.identity = identity
        self.device = device or "cpu"
        self.opened = open_checkpoints(folders, suite)

    @property
    def checkpoints(self) -> dict[str, "CheckpointFolder"]:
        """By task, those that answer it."""
        return self.opened.checkpoints

    def with_loops(self, loops: int) -> "CheckpointSource":
        """The same with looped layers applied `loops` times, as a model of its own.

        SpecError where a checkpoint has no looped layers, or not for so many loops.
        """
        changed = copy.copy(self)
        name = with_loops(self.identity.id, loops)
        changed.identity = self.identity.model_copy(update={"id": name})
        changed.opened = self.opened.with_loops(loops)
        return changed

    def task_predictor(self, task: TaskSpec) -> TaskPredictor | Missing:
        """The task's checkpoint, its weights read now."""
        checkpoint = self.checkpoints.get(task.name)
        if checkpoint is None:
            reason = self.opened.unfit.get(task.name)
            return Missing(reason or f"{self.identity.id} has no checkpoint for it")
        return TaskPredictor(checkpoint.predictor(self.device), checkpoint.identity)
