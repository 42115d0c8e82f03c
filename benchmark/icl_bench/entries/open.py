"""Names of models turned into what answers a suite's tasks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from icl_bench.entries.base import EntryKind, Source, entry_kinds
from icl_bench.entries.checkpoints import CheckpointSource
from icl_bench.errors import InputError, UnknownNameError
from icl_bench.suites import Suite

if TYPE_CHECKING:
    from icl_bench.models.load import CheckpointFolder


def kind_of(name: str, suite: Suite) -> EntryKind:
    """The kind that a name is of; UnknownNameError with the nearest known name where it is of none."""
    for kind in entry_kinds():
        if kind.recognises(name):
            return kind
    known = [full for kind in entry_kinds() for full in kind.known(suite)]
    raise UnknownNameError("model", name, known)


def open_source(
    name: str,
    suite: Suite,
    revision: str | None = None,
    device: str | None = None,
    tasks: Sequence[str] | None = None,
) -> Source:
    """The source of a model name: `baseline/NAME`, `reference/NAME`, a folder, or `user/model` on the Hub.

    Only what `tasks` (all of the suite's for None) need is looked for and fetched. InputError as
    `EntryKind.open`.
    """
    wanted = None if tasks is None else [suite.task(task).name for task in tasks]
    return kind_of(name, suite).open(name, suite, revision, device, wanted)


def open_checkpoints(
    name: str, suite: Suite, revision: str | None = None, tasks: Sequence[str] | None = None
) -> dict[str, "CheckpointFolder"]:
    """The checkpoints of a named model by task; InputError where it is of a kind without weights."""
    source = open_source(name, suite, revision, None, tasks)
    if not isinstance(source, CheckpointSource):
        raise InputError(f"{name} has no checkpoint; see `icl-bench baselines list`", code="no-weights")
    return source.checkpoints
