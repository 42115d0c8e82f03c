"""Pretrained causal language models as entries: a GGUF file, a folder, or `user/model` on the Hub."""

from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from icl_bench.entries.base import ENTRY_KINDS, EntryKind, Source, TaskPredictor
from icl_bench.errors import InputError
from icl_bench.files import user_path
from icl_bench.predictor import Missing
from icl_bench.specs.language_model import is_tokenizer
from icl_bench.specs.result import LanguageModelIdentity, ModelIdentity
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites import Suite

if TYPE_CHECKING:
    from icl_bench.text.model_files import ModelFiles
    from icl_bench.text.predictor import LanguageModelPredictor

LANGUAGE_MODEL = "language_model"  # the kind
GGUF_ENDING = ".gguf"
CHECKED_PROMPTS = 1  # by each check: a prompt takes seconds


@ENTRY_KINDS.register
class LanguageModelKind(EntryKind):
    """A model that continues texts, asked in text; of the Hub, `HubKind` opens it by this module."""

    type: Literal["language_model"] = "language_model"
    place: ClassVar[int] = 4
    shown_as: ClassVar[str] = "language model"
    names: ClassVar[str] = "FILE.gguf, the path of a folder with a tokenizer"
    trained: ClassVar[bool] = False
    submission: ClassVar[str | None] = (
        "no spec, and a commit with the SHA-256 of its files: config.json, tokenizer, .safetensors"
    )

    def recognises(self, name: str) -> bool:
        """A GGUF file, or a folder that holds a tokenizer."""
        if name.endswith(GGUF_ENDING):
            return True
        try:
            path = Path(user_path(name))
            return bool(name) and path.is_dir() and any(is_tokenizer(entry.name) for entry in path.iterdir())
        except (OSError, RuntimeError):
            return False

    def open(
        self, name: str, suite: Suite, revision: str | None, device: str | None, tasks: Sequence[str] | None
    ) -> Source:
        """Its files are looked at now, and read when the first task is answered."""
        from icl_bench.text.model_files import gguf_file, model_folder

        if revision is not None:
            raise InputError(
                f"{name} has no revisions, only a Hub model has; leave out --revision", code="no-revision"
            )
        path = Path(user_path(name))
        files = gguf_file(name, path) if name.endswith(GGUF_ENDING) else model_folder(name, path)
        identity = ModelIdentity(kind=LANGUAGE_MODEL, id=name, revision=None)
        return LanguageModelSource(identity, files, suite, device)


class LanguageModelSource:
    """One language model, which answers every task of a suite that is asked in text."""

    def __init__(
        self, identity: ModelIdentity, files: "ModelFiles", suite: Suite, device: str | None
    ) -> None:
        """InputError where the suite is asked in numbers."""
        if suite.spec.asked_in != "text":
            raise InputError(
                f"{identity.id} is a language model and {suite.name} is asked in numbers; evaluate it on a "
                "suite that is asked in text, as --suite text-boolean",
                code="asked-in-numbers",
            )
        self.identity = identity
        self.device = device or "cpu"
        self._files = files

    def task_predictor(self, task: TaskSpec) -> TaskPredictor | Missing:
        """The same for every task; its weights are read at the first."""
        return TaskPredictor(
            self._predictor,
            language_model=self._identity,
            in_text=True,
            checked_prompts=CHECKED_PROMPTS,
        )

    @cached_property
    def _predictor(self) -> "LanguageModelPredictor":
        from icl_bench.models.device import usable_device
        from icl_bench.text.language_model import load_language_model
        from icl_bench.text.predictor import LanguageModelPredictor

        return LanguageModelPredictor(load_language_model(self._files, str(usable_device(self.device))))

    @cached_property
    def _identity(self) -> LanguageModelIdentity:
        language_model = self._predictor.language_model
        return LanguageModelIdentity(
            architecture=language_model.architecture,
            parameters=language_model.parameters,
            files=self._files.hashes,
            library=f"transformers {version('transformers')}",
        )
