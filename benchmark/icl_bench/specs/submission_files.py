"""The files that a run of a submission lists: those of checkpoints, or those of a language model."""

import re
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from icl_bench.specs.checkpoint_files import CHECKPOINT_FILES, CONFIG_FILE, WEIGHTS_FILE
from icl_bench.specs.language_model import MAX_FILES, is_read
from icl_bench.specs.run_names import TASK_NAME
from icl_bench.specs.text import checked_by, shown

_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(
    rf"(?:(?P<task>{TASK_NAME})/)?(?P<name>{re.escape(CONFIG_FILE)}|{re.escape(WEIGHTS_FILE)})"
)


def checkpoint_file_fault(path: str) -> str | None:
    """Why a path is that of no file of a checkpoint, and what to do; None where it is."""
    if _FILE.fullmatch(path):
        return None
    return (
        f"{shown(path)} is not a file that is fetched; write TASK/{CONFIG_FILE} and TASK/{WEIGHTS_FILE}, "
        "or both without a folder"
    )


def lists_language_model(files: Any) -> bool:
    """Whether a mapping by file names lists what a language model has and a checkpoint has not."""
    names = [name for name in files if isinstance(name, str)] if isinstance(files, dict) else []
    folders = [name.removesuffix(WEIGHTS_FILE) for name in names if name.endswith(f"/{WEIGHTS_FILE}")]
    if any(f"{folder}{CONFIG_FILE}" in names for folder in folders):
        return False
    return any(is_read(name) and name not in CHECKPOINT_FILES for name in names)


def _language_model_file_fault(name: str) -> str | None:
    if is_read(name):
        return None
    return (
        f"{shown(name)} is no file of a language model that is fetched; list its config.json, its tokenizer "
        "and its .safetensors, and no others"
    )


def _sha256_fault(digest: str) -> str | None:
    if _SHA256.fullmatch(digest):
        return None
    return f"{shown(digest)} is not a SHA-256; write the 64 hexadecimal digits that `sha256sum FILE` prints"


_Sha256 = Annotated[str, checked_by(_sha256_fault)]
_CheckpointFiles = Annotated[
    dict[Annotated[str, checked_by(checkpoint_file_fault)], _Sha256],
    Field(min_length=2, max_length=MAX_FILES),
]
_LanguageModelFiles = Annotated[
    dict[Annotated[str, checked_by(_language_model_file_fault)], _Sha256], Field(max_length=MAX_FILES)
]
ListedFiles = Annotated[  # SHA-256 by path
    Annotated[_CheckpointFiles, Tag("checkpoints")] | Annotated[_LanguageModelFiles, Tag("language model")],
    Discriminator(lambda files: "language model" if lists_language_model(files) else "checkpoints"),
]
