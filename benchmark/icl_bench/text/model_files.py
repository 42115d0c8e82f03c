"""The files of a language model on this disk: which they are, what they hash to, how large the model is."""

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from icl_bench.errors import CheckpointError, InputError
from icl_bench.models.weights import read_header
from icl_bench.specs.language_model import CONFIG, is_read, is_tokenizer, is_weights

GGUF = ".gguf"
_MAGIC = b"GGUF"


@dataclass(frozen=True)
class ModelFiles:
    """A folder with the files of a language model, or a GGUF file."""

    name: str  # as the user wrote it
    folder: Path
    gguf: str | None  # the file's name in it; None for a folder
    names: tuple[str, ...]  # of the files that are read, sorted

    @cached_property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of each file that is read, by its name; read once, since files are large."""
        return {name: _hash(self.folder / name) for name in self.names}

    def parameters(self) -> int:
        """How many numbers its tensors hold, from the headers alone; CheckpointError where one is damaged."""
        if self.gguf is not None:
            return _gguf_parameters(self.folder / self.gguf, self.name)
        return sum(_safetensors_parameters(self.folder / name) for name in self.names if is_weights(name))


def gguf_file(name: str, path: Path) -> ModelFiles:
    """A GGUF file; CheckpointError where it is none."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise InputError(f"cannot read {name}: {error.strerror}; check the path", code="no-file") from None
    if magic != _MAGIC:
        raise CheckpointError(f"{name} is no GGUF file; fetch it again", code="no-gguf")
    return ModelFiles(name, path.parent, path.name, (path.name,))


def model_folder(name: str, folder: Path) -> ModelFiles:
    """A folder as `save_pretrained` writes it; CheckpointError where config, tokenizer or weights lack."""
    try:
        listed = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    except OSError as error:
        raise InputError(
            f"cannot read {name}: {error.strerror}; check its permissions", code="no-folder"
        ) from None
    check_listing(name, listed)
    return ModelFiles(name, folder, None, tuple(filter(is_read, listed)))


def check_listing(name: str, listed: list[str]) -> None:
    """CheckpointError where the files of a folder or repository are not those of a language model."""
    if CONFIG not in listed:
        raise CheckpointError(
            f"{name} has no {CONFIG}; name a folder or repository of a language model, or a GGUF file",
            code="no-config",
        )
    if not any(map(is_weights, listed)):
        pickled = next(
            (file for file in listed if Path(file).suffix in (".bin", ".pt", ".pth", ".ckpt")), None
        )
        found = (
            f"its weights are pickled ({pickled}), which are never read" if pickled else "it has no weights"
        )
        raise CheckpointError(
            f"{name}: {found}; choose one with .safetensors, or convert it", code="no-weights"
        )
    if not any(map(is_tokenizer, listed)):
        raise CheckpointError(
            f"{name} has no tokenizer; add its tokenizer.json, or choose a model that has one",
            code="no-tokenizer",
        )


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _safetensors_parameters(path: Path) -> int:
    header, _ = read_header(path)
    try:
        return sum(math.prod(entry["shape"]) for entry in header.values())
    except (TypeError, KeyError):
        raise CheckpointError(
            f"{path}: the header's entries are malformed; save the model again", code="damaged-weights"
        ) from None


def _gguf_parameters(path: Path, name: str) -> int:
    from gguf import GGUFReader

    try:
        return sum(int(tensor.n_elements) for tensor in GGUFReader(path).tensors)
    except (ValueError, IndexError, KeyError, OverflowError, OSError, MemoryError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise CheckpointError(
            f"{name} is cut short or damaged: {reason}; fetch it again", code="damaged-weights"
        ) from None
