"""Folders as entries: checkpoints on this disk, one at the root or one folder a task."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from icl_bench.entries.base import ENTRY_KINDS, EntryKind, Source
from icl_bench.entries.checkpoints import CheckpointSource
from icl_bench.errors import InputError
from icl_bench.files import user_path
from icl_bench.specs.checkpoint_files import find_places
from icl_bench.specs.result import ModelIdentity
from icl_bench.specs.run_names import seed_folders
from icl_bench.suites import Suite


@ENTRY_KINDS.register
class FolderKind(EntryKind):
    """What `icl-bench train` writes; it comes before a Hub repository of that name."""

    type: Literal["folder"] = "folder"
    place: ClassVar[int] = 5
    shown_as: ClassVar[str] = "folder"
    names: ClassVar[str] = "the path of a folder"

    def recognises(self, name: str) -> bool:
        """Where there is such a folder, or one that cannot be read, which opening it reports."""
        from icl_bench.models.find_folder import existing_folder

        try:
            return bool(name) and existing_folder(name) is not None
        except InputError:
            return True

    def open(
        self, name: str, suite: Suite, revision: str | None, device: str | None, tasks: Sequence[str] | None
    ) -> Source:
        """The checkpoints that lie in it."""
        if revision is not None:
            raise InputError(
                f"{name} has no revisions, only a Hub model has; leave out --revision", code="no-revision"
            )
        seeds = [f"seed-{seed}" for seed in seed_folders(user_path(name))]
        if seeds:
            raise InputError(
                f"{name} holds the runs of seeds, {', '.join(seeds)}; name the folder of one, as "
                f"{Path(name) / seeds[0]}",
                code="several-seeds",
            )
        identity = ModelIdentity(kind="folder", id=name, revision=None)
        return self.open_as(identity, name, suite, device, list(tasks or suite.tasks))

    def open_as(
        self, identity: ModelIdentity, name: str, suite: Suite, device: str | None, tasks: list[str]
    ) -> CheckpointSource:
        """The checkpoints of a folder that is known to be of another entry."""
        from icl_bench.models.find_folder import existing_folder
        from icl_bench.models.load import folders_by_task, listing, place_names

        path = existing_folder(name)
        if path is None:
            raise InputError(
                f"no folder {name}; check the path, or write user/model for a model on the Hub",
                code="no-folder",
            )
        places = find_places(listing(path), place_names(suite, tasks), name)
        folders = folders_by_task(path, places, suite, tasks, name)
        return CheckpointSource(identity, folders, suite, device)
