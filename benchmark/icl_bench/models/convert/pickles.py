"""Files of `torch.save`, read as tensors and plain data: nothing that they hold is executed.

Such a file is a zip archive of one pickle, `data.pkl`, and of each tensor's bytes (torch 1.6 and later). The
pickle's opcodes are looked through before it is read, and tensors are mapped from the file, not copied.
"""

import pickle
import pickletools
import re
import struct
import zipfile
from pathlib import Path
from typing import Any

import torch

from icl_bench.errors import CheckpointError
from icl_bench.specs.lfs_pointer import START, pointer_fault

MAX_FILE_BYTES = 8_000_000_000
MAX_PICKLE_BYTES = 16_000_000
_PICKLE = "/data.pkl"
_PLAIN = re.compile(  # what tensors and ordered mappings are made of, as `module name`
    r"collections OrderedDict|torch\._utils _rebuild_(tensor_v2|parameter)|torch [A-Z][A-Za-z0-9]*Storage"
)
_UNREADABLE = (  # what a reader of pickles raises for one that is broken
    pickle.UnpicklingError,
    struct.error,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


def read_saved(path: Path) -> Any:
    """What was saved, on the CPU; CheckpointError where it is anything but tensors and plain data."""
    _check_archive(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except _UNREADABLE as error:
        raise _unreadable(path, error) from None


def _check_archive(path: Path) -> None:
    """Every check that builds nothing from the file."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise CheckpointError(
                f"{path} is larger than {MAX_FILE_BYTES // 10**9} GB; give the weights alone",
                code="too-large-archive",
            )
        with zipfile.ZipFile(path) as archive:
            content = _pickle_of(path, archive)
    except (FileNotFoundError, IsADirectoryError):
        raise CheckpointError(
            f"no file {path}; give a file that torch.save wrote", code="no-run-file"
        ) from None
    except zipfile.BadZipFile:
        with path.open("rb") as file:
            pointer = pointer_fault(file.read(len(START)), path)
        raise CheckpointError(
            pointer
            or f"{path} is not an archive of torch.save; load it where it was made, and save it again",
            code="no-archive",
        ) from None
    except (OSError, NotImplementedError, RuntimeError) as error:
        raise _unreadable(path, error) from None
    _check_pickle(path, content)


def _pickle_of(path: Path, archive: zipfile.ZipFile) -> bytes:
    entries = archive.infolist()
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise CheckpointError(
            f"{path} holds compressed entries, which torch.save does not write; save it again",
            code="damaged-archive",
        )
    pickles = [entry for entry in entries if entry.filename.endswith(_PICKLE)]
    if len(pickles) != 1:
        raise CheckpointError(
            f"{path} holds {len(pickles)} pickles in place of one; save it with torch.save",
            code="damaged-archive",
        )
    if pickles[0].file_size > MAX_PICKLE_BYTES:
        raise CheckpointError(
            f"{path} describes more than {MAX_PICKLE_BYTES // 10**6} MB of plain data; "
            "save the weights alone",
            code="too-large-archive",
        )
    return archive.read(pickles[0])


def _check_pickle(path: Path, content: bytes) -> None:
    try:
        for opcode, argument, _ in pickletools.genops(content):
            if opcode.name == "GLOBAL" and not _PLAIN.fullmatch(str(argument)):
                name = str(argument).replace(" ", ".")
                raise CheckpointError(
                    f"{path} asks for {name!r:.80}, which is neither a tensor nor plain data; it is not read",
                    code="unsafe-pickle",
                )
            if opcode.name == "PROTO" and argument != 2:
                raise CheckpointError(
                    f"{path} is a pickle of protocol {argument}, not 2; save it with torch.save",
                    code="damaged-archive",
                )
    except (ValueError, UnicodeDecodeError, OverflowError, MemoryError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: BaseException) -> CheckpointError:
    reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
    return CheckpointError(
        f"cannot read {path}: {reason:.200}; fetch or save it again", code="damaged-archive"
    )
