"""What every kind of entry defines: how a name is recognised, opened, recorded, shown and submitted.

An entry is what can be on a board: a reference, a model of the Hub, a folder, a baseline, a Python object.
Each kind is a file in this folder with a subclass of `EntryKind` under `@ENTRY_KINDS.register`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from icl_bench.errors import UnknownNameError
from icl_bench.predictor import Missing, Predictor
from icl_bench.specs.result import CheckpointIdentity, LanguageModelIdentity, ModelIdentity, ResultRecord
from icl_bench.specs.schema import Registry, Strict
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites import Suite


@dataclass(frozen=True)
class TaskPredictor:
    """What answers one task, and which weights it has, if any: a checkpoint's or a language model's."""

    predictor: Predictor
    checkpoint: CheckpointIdentity | None = None
    language_model: LanguageModelIdentity | None = None
    in_text: bool = False  # whether it is a language model, whose predictor has `label_shares`
    checked_prompts: int | None = None  # how many each check asks at most; none for 0, but for finiteness


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


class EntryKind(Strict):
    """One kind of entry. `type` is the kind that records name, as `ModelIdentity.kind`."""

    type: str

    place: ClassVar[int]  # kinds are asked in this order whether a name is theirs
    shown_as: ClassVar[str]  # what boards call an entry of this kind
    names: ClassVar[str]  # what its names look like, in plain text
    trained: ClassVar[bool] = True  # whether it has weights, and so training seeds
    shipped: ClassVar[bool] = False  # whether it comes with icl-bench
    own_code: ClassVar[bool] = False  # whether its answers come from code that is no part of icl-bench
    remote: ClassVar[bool] = False  # whether opening it needs a network, unless it is cached
    submission: ClassVar[str | None] = None  # what a submission of it holds; None where none can be made

    def recognises(self, name: str) -> bool:
        """Whether a name is of this kind, judged by the name and by what is on this disk."""
        raise NotImplementedError

    def open(
        self, name: str, suite: Suite, revision: str | None, device: str | None, tasks: Sequence[str] | None
    ) -> Source:
        """The source of a name that it recognises; only what `tasks` (all for None) need is looked for.

        InputError (of which UnknownNameError, CheckpointError and HubError are) where there is nothing of
        that name, or where an option does not apply to it.
        """
        raise NotImplementedError

    def known(self, suite: Suite) -> list[str]:
        """Names of this kind that are known without a network, for suggestions."""
        return []

    def recorded_in(self, name: str, submissions: Path) -> Path | None:
        """The folder of its recorded results below the folder of submissions; None where it has none."""
        return None

    def record_fault(self, record: ResultRecord, name: str, seed: int) -> str | None:
        """What shows that a record in that folder is not of this entry and seed; None where nothing does."""
        return None


ENTRY_KINDS: Registry[Any] = Registry("kind of entry", "icl_bench.entries")


def recorded_kind(record: ResultRecord) -> EntryKind:
    """The kind of entry that a record says it is of; UnknownNameError where there is none of that name."""
    return kind_of_model(record.model)


def kind_of_model(model: ModelIdentity) -> EntryKind:
    """The same of what is, or will be, in a record."""
    kinds = {kind.type: kind for kind in entry_kinds()}
    if model.kind not in kinds:
        raise UnknownNameError("kind of entry", model.kind, kinds)
    return kinds[model.kind]


def entry_kinds() -> list[EntryKind]:
    """Every kind, in the order in which they are asked."""
    kinds = [kind() for kind in ENTRY_KINDS.entries().values()]
    return sorted(kinds, key=lambda kind: kind.place)
