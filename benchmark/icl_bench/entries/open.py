"""Names of models turned into what answers a suite's tasks."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from icl_bench.entries.base import EntryKind, Source, entry_kinds
from icl_bench.entries.checkpoints import CheckpointSource
from icl_bench.entries.language_model import GGUF_ENDING
from icl_bench.errors import InputError, UnknownNameError
from icl_bench.specs.loops import split_loops
from icl_bench.suites import Suite

if TYPE_CHECKING:
    from icl_bench.models.load import CheckpointFolder


def kind_of(name: str, suite: Suite) -> EntryKind:
    """The kind that a name is of, `:loops=N` behind it left aside.

    UnknownNameError with the nearest known name where it is of none, and InputError where it is a file's.
    """
    name, _ = split_loops(name)
    _refuse_file(name)
    for kind in entry_kinds():
        if kind.recognises(name):
            return kind
    known = [full for kind in entry_kinds() for full in kind.known(suite)]
    raise UnknownNameError("model", name, known)


def _refuse_file(name: str) -> None:
    """InputError, with what to do, for a file that is no model."""
    is_file = os.path.isfile(os.path.expanduser(name))
    if name.endswith(".py") and (is_file or "/" not in name):
        raise InputError(
            f"{name} is Python, which is not run here; import it and call icl_bench.evaluate(f, name=...)",
            code="python-file",
        )
    if not is_file or name.endswith(GGUF_ENDING):
        return
    remedies = {
        ".json": "a record is shown by `icl-bench leaderboard show --record FILE`",
        ".yaml": "a spec is trained first: icl-bench train FILE mini/linear_regression",
        ".yml": "a spec is trained first: icl-bench train FILE mini/linear_regression",
    }
    remedy = remedies.get(os.path.splitext(name)[1], "name the folder that holds a checkpoint")
    raise InputError(f"{name} is a file and no model; {remedy}", code="file-for-model")


def open_source(
    name: str,
    suite: Suite,
    revision: str | None = None,
    device: str | None = None,
    tasks: Sequence[str] | None = None,
) -> Source:
    """The source of a model name: `baseline/NAME`, `reference/NAME`, a folder, or `user/model` on the Hub;
    with `:loops=N` behind it, its looped layers are applied N times.

    Only what `tasks` (all of the suite's for None) need is looked for and fetched. InputError as
    `EntryKind.open`, and where what is named has no looped layers.
    """
    wanted = None if tasks is None else [suite.task(task).name for task in tasks]
    bare, loops = split_loops(name)
    source = kind_of(bare, suite).open(bare, suite, revision, device, wanted)
    if loops is None:
        return source
    if not isinstance(source, CheckpointSource):
        raise InputError(f"{bare} has no looped layers; leave out the number of loops", code="no-weights")
    return source.with_loops(loops)


def open_checkpoints(
    name: str, suite: Suite, revision: str | None = None, tasks: Sequence[str] | None = None
) -> dict[str, "CheckpointFolder"]:
    """The checkpoints of a named model by task; InputError where it is of a kind without weights."""
    source = open_source(name, suite, revision, None, tasks)
    if not isinstance(source, CheckpointSource):
        raise InputError(f"{name} has no checkpoint; see `icl-bench baselines list`", code="no-weights")
    return source.checkpoints
