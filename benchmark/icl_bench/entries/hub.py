"""Models of the Hugging Face Hub as entries: `user/model`, possibly with `@revision`."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from icl_bench.entries.base import ENTRY_KINDS, EntryKind, Source
from icl_bench.entries.checkpoints import CheckpointSource
from icl_bench.entries.language_model import LANGUAGE_MODEL, LanguageModelSource
from icl_bench.specs.checkpoint_files import CHECKPOINT_FILES
from icl_bench.specs.result import ModelIdentity, ResultRecord
from icl_bench.specs.submission import folder_name, model_fault
from icl_bench.suites import Suite


@ENTRY_KINDS.register
class HubKind(EntryKind):
    """A repository with checkpoints in the layout of `PyTorchModelHubMixin`."""

    type: Literal["hub"] = "hub"
    place: ClassVar[int] = 6
    shown_as: ClassVar[str] = "submission"
    remote: ClassVar[bool] = True
    names: ClassVar[str] = "user/model, user/model@revision"
    submission: ClassVar[str | None] = (
        "its spec, and a commit for each seed with the SHA-256 of each task's files: "
        + ", ".join(CHECKPOINT_FILES)
    )

    def recognises(self, name: str) -> bool:
        """Whatever has a slash and is nothing else."""
        return "/" in name

    def open(
        self, name: str, suite: Suite, revision: str | None, device: str | None, tasks: Sequence[str] | None
    ) -> Source:
        """Its checkpoints, fetched to the cache; on a suite that is asked in text, a language model too."""
        in_text = suite.spec.asked_in == "text"
        if in_text and (language_model := _language_model(name, suite, revision, device)):
            return language_model
        from icl_bench.models.find_folder import fetch_named
        from icl_bench.models.load import folders_by_task, place_names

        wanted = list(tasks or suite.tasks)
        snapshot = fetch_named(name, place_names(suite, wanted), revision)
        identity = ModelIdentity(kind="hub", id=snapshot.repo, revision=snapshot.commit)
        folders = folders_by_task(snapshot.folder, snapshot.places, suite, wanted, name)
        return CheckpointSource(identity, folders, suite, device)

    def recorded_in(self, name: str, submissions: Path) -> Path | None:
        """The folder of its submission."""
        return None if model_fault(name) else submissions / folder_name(name)

    def record_fault(self, record: ResultRecord, name: str, seed: int) -> str | None:
        """Another model."""
        recorded = record.model.id
        return None if recorded == name else f"the record is of {recorded}, not of {name}; restore the file"


def _language_model(name: str, suite: Suite, revision: str | None, device: str | None) -> Source | None:
    """A repository as a language model; None where it holds checkpoints of icl-bench."""
    from icl_bench.text.hub_model import fetch_language_model
    from icl_bench.text.model_files import model_folder

    snapshot = fetch_language_model(name, revision)
    if snapshot is None:
        return None
    identity = ModelIdentity(kind=LANGUAGE_MODEL, id=snapshot.repo, revision=snapshot.commit)
    return LanguageModelSource(identity, model_folder(snapshot.repo, snapshot.folder), suite, device)
