"""Baselines as entries: `baseline/NAME`, made for each task that it serves."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from icl_bench.baselines.base import BASELINES
from icl_bench.entries.base import ENTRY_KINDS, EntryKind, Source, TaskPredictor
from icl_bench.errors import InputError, UnknownNameError
from icl_bench.predictor import BASELINE_PREFIX, Missing
from icl_bench.specs.result import ModelIdentity
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites import Suite


@ENTRY_KINDS.register
class BaselineKind(EntryKind):
    """A predictor of the package that is not trained beforehand."""

    type: Literal["baseline"] = "baseline"
    place: ClassVar[int] = 0
    shown_as: ClassVar[str] = "baseline"
    names: ClassVar[str] = "baseline/NAME"
    shipped: ClassVar[bool] = True
    trained: ClassVar[bool] = False

    def recognises(self, name: str) -> bool:
        """By its prefix."""
        return name.startswith(BASELINE_PREFIX)

    def open(
        self, name: str, suite: Suite, revision: str | None, device: str | None, tasks: Sequence[str] | None
    ) -> Source:
        """It is computed on the CPU."""
        if revision is not None or device not in (None, "cpu"):
            raise InputError(
                f"{name} is part of icl-bench and runs on the CPU; leave out --revision and --device",
                code="no-revision",
            )
        return BaselineSource(name.removeprefix(BASELINE_PREFIX))

    def known(self, suite: Suite) -> list[str]:
        """All of them."""
        return [BASELINE_PREFIX + name for name in BASELINES.entries()]


class BaselineSource:
    """`baseline/NAME`: one of the package's baselines, made for each task that it serves."""

    device = "cpu"

    def __init__(self, name: str) -> None:
        entries = BASELINES.entries()
        if name not in entries:
            raise UnknownNameError("baseline", name, entries)
        self._baseline = entries[name]
        self.identity = ModelIdentity(kind="baseline", id=BASELINE_PREFIX + name, revision=None)

    def task_predictor(self, task: TaskSpec) -> TaskPredictor | Missing:
        """The baseline, unless it cannot answer this task."""
        try:
            return TaskPredictor(self._baseline.for_task(task))
        except InputError as error:
            return Missing(str(error).partition(";")[0])  # the remedy is for who asked for this task
