"""Where predictors come from: a source answers, task by task, with a predictor or with why there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from icl_bench.baselines.base import BASELINES
from icl_bench.errors import InputError, UnknownNameError
from icl_bench.evaluation.ask import as_predictor, batch_size, name_of
from icl_bench.predictor import Missing, Predictor
from icl_bench.specs.result import MAX_SHOWN, CheckpointIdentity, ModelIdentity
from icl_bench.specs.suite import TaskSpec
from icl_bench.specs.text import text_fault
from icl_bench.suites import Suite

BASELINE_PREFIX = "baseline/"


@dataclass(frozen=True)
class TaskPredictor:
    """What answers one task, and which weights it has, if any."""

    predictor: Predictor
    checkpoint: CheckpointIdentity | None = None


@runtime_checkable
class Source(Protocol):
    """One model as a suite sees it: possibly a predictor of its own for every task."""

    @property
    def identity(self) -> ModelIdentity:
        """What is written in the record."""
        ...

    @property
    def device(self) -> str:
        """Where its predictors compute."""
        ...

    def task_predictor(self, task: TaskSpec) -> TaskPredictor | Missing:
        """What answers `task`."""
        ...


class BaselineSource:
    """`baseline/NAME`: one of the package's baselines, made for each task that it serves."""

    device = "cpu"

    def __init__(self, name: str) -> None:
        entries = BASELINES.entries()
        if name not in entries:
            raise UnknownNameError("baseline", name, entries)
        self._baseline = entries[name]
        self.identity = ModelIdentity(kind="baseline", id=f"baseline/{name}", revision=None)

    def task_predictor(self, task: TaskSpec) -> TaskPredictor | Missing:
        """The baseline, unless it cannot answer this task."""
        try:
            return TaskPredictor(self._baseline.for_task(task))
        except InputError as error:
            return Missing(str(error).partition(";")[0])  # the remedy is for who asked for this task


class ObjectSource:
    """A Python function or predictor, or a mapping from task names to them."""

    def __init__(self, model: Any, suite: Suite, tasks: Sequence[str]) -> None:
        """InputError for what is no predictor, or is not fit to answer or be recorded on one of `tasks`."""
        given = model if isinstance(model, Mapping) else dict.fromkeys(suite.tasks, model)
        self._predictors = {suite.task(name).name: as_predictor(value) for name, value in given.items()}
        named = next(iter(given.values()), model)
        self.identity = ModelIdentity(kind="callable", id=name_of(named), revision=None)
        devices = {str(getattr(predictor, "device", "cpu")) for predictor in self._predictors.values()}
        self.device = ", ".join(sorted(devices))
        fault = text_fault(self.device, MAX_SHOWN)
        if fault:
            raise InputError(f"device of the predictor {fault}")
        for name in self._predictors.keys() & set(tasks):
            batch_size(self._predictors[name], suite.tasks[name].points)

    def task_predictor(self, task: TaskSpec) -> TaskPredictor | Missing:
        """The object, or the mapping's entry for this task."""
        if task.name not in self._predictors:
            return Missing(f"no predictor was given for {task.name}")
        return TaskPredictor(self._predictors[task.name])


class CheckpointSource:
    """`reference/NAME`, a folder or a Hub model: a checkpoint for each task that it was trained for."""

    def __init__(
        self, name: str, suite: Suite, revision: str | None, device: str, tasks: Sequence[str] | None
    ) -> None:
        from icl_bench.models.load import open_model  # imports torch, which baselines do not need

        self._submitted = open_model(name, suite, revision, tasks)
        self.identity = self._submitted.identity
        self.device = device

    def task_predictor(self, task: TaskSpec) -> TaskPredictor | Missing:
        """The task's checkpoint, its weights read now."""
        checkpoint = self._submitted.checkpoint(task.name)
        predictor = self._submitted.predictor(task.name, self.device)
        if checkpoint is None or predictor is None:
            reason = self._submitted.unfit.get(task.name)
            return Missing(reason or f"{self.identity.id} has no checkpoint for it")
        return TaskPredictor(predictor, checkpoint.identity)


def open_source(
    name: str,
    suite: Suite,
    revision: str | None = None,
    device: str | None = None,
    tasks: Sequence[str] | None = None,
) -> Source:
    """The source of a model name: `baseline/NAME`, `reference/NAME`, a folder, or `user/model` on the Hub.

    Only what `tasks` (all of the suite's for None) need is looked for and fetched.
    """
    if name.startswith(BASELINE_PREFIX):
        if revision is not None or device not in (None, "cpu"):
            raise InputError(
                f"{name} is part of icl-bench and runs on the CPU; leave out --revision and --device"
            )
        return BaselineSource(name.removeprefix(BASELINE_PREFIX))
    return CheckpointSource(name, suite, revision, device or "cpu", tasks)
