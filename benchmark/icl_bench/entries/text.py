"""Language models whose results come with icl-bench and whose weights are in a package: `text/NAME`.

`submissions/text/NAME/model.yaml` says which package of PyPI, and which file of it with which hash; beside it
lie the recorded results. The package is never imported: its file is read where it is installed.
"""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from icl_bench.entries.base import ENTRY_KINDS, EntryKind, Source
from icl_bench.entries.language_model import LanguageModelSource
from icl_bench.errors import CheckpointError, InputError, UnknownNameError
from icl_bench.resources import data_folder
from icl_bench.specs.language_model import PACKAGED
from icl_bench.specs.names import GGUFName, ModuleName, PackageVersion, Sha256
from icl_bench.specs.result import ModelIdentity, ResultRecord, TaskResult
from icl_bench.specs.schema import Strict, parse, read_yaml
from icl_bench.suites import Suite

MODEL_FILE = "model.yaml"


class PackagedModel(Strict):
    """Where the weights of a language model are."""

    schema_version: Literal[1] = Field(alias="schema")
    model: str  # of which the file is, as its authors call it
    package: PackageVersion  # of PyPI
    module: ModuleName  # its folder, where it is installed
    file: GGUFName  # in that folder
    sha256: Sha256
    licence: str  # an SPDX identifier
    description: str

    def find(self) -> Path:
        """The file where the package is installed; InputError where it is not."""
        module = importlib.util.find_spec(self.module)
        for folder in (module.submodule_search_locations or []) if module else []:
            if (path := Path(folder) / self.file).is_file():
                return path
        raise InputError(
            f"the weights of {self.model} are in the package {self.package}; install it by `pip install "
            f"--no-deps {self.package}`",
            code="not-installed",
        )

    def answered(self, result: TaskResult) -> bool:
        """Whether a result is of this file."""
        language_model = result.language_model
        return language_model is not None and list(language_model.files.values()) == [self.sha256]


@ENTRY_KINDS.register
class TextKind(EntryKind):
    """A language model with recorded results."""

    type: Literal["text"] = "text"
    place: ClassVar[int] = 3
    shown_as: ClassVar[str] = "language model"
    names: ClassVar[str] = "text/NAME"
    trained: ClassVar[bool] = False

    def recognises(self, name: str) -> bool:
        """By its prefix."""
        return name.startswith(f"{PACKAGED}/")

    def open(
        self, name: str, suite: Suite, revision: str | None, device: str | None, tasks: Sequence[str] | None
    ) -> Source:
        """The file of its package; CheckpointError where it is another than was scored."""
        from icl_bench.text.model_files import gguf_file

        if revision is not None:
            raise InputError(
                f"{name} has no revisions, only a Hub model has; leave out --revision", code="no-revision"
            )
        packaged = packaged_model(name)
        files = gguf_file(name, packaged.find())
        if list(files.hashes.values()) != [packaged.sha256]:
            raise CheckpointError(
                f"the {packaged.file} that is installed is not that of {packaged.package}; install that",
                code="other-file",
            )
        return LanguageModelSource(ModelIdentity(kind="text", id=name, revision=None), files, suite, device)

    def known(self, suite: Suite) -> list[str]:
        """All of them, on a suite that is asked in text."""
        return packaged_models() if suite.spec.asked_in == "text" else []

    def recorded_in(self, name: str, submissions: Path) -> Path | None:
        """Its folder."""
        return submissions / PACKAGED / name.partition("/")[2]

    def record_fault(self, record: ResultRecord, name: str, seed: int) -> str | None:
        """Another model."""
        if record.model.id == name and all(map(packaged_model(name).answered, record.tasks.values())):
            return None
        return f"it is of {record.model.id}, or of another file than {MODEL_FILE} names; evaluate it again"


def packaged_models() -> list[str]:
    """The names of those of this installation, sorted."""
    files = (data_folder("submissions") / PACKAGED).glob(f"*/{MODEL_FILE}")
    return sorted(f"{PACKAGED}/{file.parent.name}" for file in files)


def packaged_model(name: str) -> PackagedModel:
    """What `model.yaml` says of `text/NAME`; UnknownNameError where there is none."""
    known = packaged_models()
    if name not in known:
        raise UnknownNameError("model", name, known)
    file = data_folder("submissions") / name / MODEL_FILE
    return parse(PackagedModel, read_yaml(file), str(file))
