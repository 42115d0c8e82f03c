"""Checkpoints by name: `reference/NAME`, `zoo/NAME`, a folder, or `user/model[@revision]` on the Hub."""

from pathlib import Path

from icl_bench.errors import InputError
from icl_bench.models.hub import Snapshot, fetch
from icl_bench.models.hub_names import parse_hub_name
from icl_bench.models.shipped import collection_of, shipped_folders
from icl_bench.suites import find_task

_SHOWN = 200  # characters of a name that cannot be a path


def find_folder(name: str, task: str | None = None, revision: str | None = None) -> Path:
    """The folder of one checkpoint: at the root of a folder or Hub repository, or in the folder `task` of it.

    Of a shipped model, `task` is SUITE/TASK. InputError, of which HubError is one, where there is none.
    """
    if collection_of(name) is not None:
        return _shipped_folder(name, task, revision)
    folder = existing_folder(name)
    if folder is None:
        folder = fetch_named(name, [task] if task else [], revision).folder
    return folder / task if task else folder


def existing_folder(name: str) -> Path | None:
    """The folder of that path, None where there is none; InputError where it cannot be looked at."""
    try:
        path = Path(name).expanduser()
        return path if path.is_dir() else None
    except (RuntimeError, OSError) as error:  # no such user's home; a name too long, a folder closed to us
        shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
        reason = error.strerror if isinstance(error, OSError) else "no such home"
        raise InputError(
            f"no folder {shown}: {reason}; check the path, or write user/model for a model on the Hub",
            code="no-folder",
        ) from None


def fetch_named(name: str, tasks: list[str], revision: str | None) -> Snapshot:
    """Fetch what a name that is no folder's stands for on the Hub."""
    if name.startswith("baseline/"):
        raise InputError(
            f"{name} is a baseline and has no checkpoint; see `icl-bench baselines list`", code="no-weights"
        )
    repo, revision = parse_hub_name(name, revision)
    return fetch(repo, tasks, revision)


def _shipped_folder(name: str, task: str | None, revision: str | None) -> Path:
    if revision is not None:
        raise InputError(
            f"{name} has no revisions, only a Hub model has; leave out --revision", code="no-revision"
        )
    if task is None:
        raise InputError(
            f"{name} has a checkpoint a task; name one, as mini/linear_regression", code="several-checkpoints"
        )
    suite, spec = find_task(task)
    return shipped_folders(name, suite, [spec.name])[spec.name]
