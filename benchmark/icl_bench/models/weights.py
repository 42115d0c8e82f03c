"""The strict reader of `model.safetensors`: all is checked from the header before a tensor is allocated.

The format (https://github.com/huggingface/safetensors): 8 bytes of little-endian header length, a JSON header
`{name: {dtype, shape, data_offsets: [begin, end]}}`, then the tensors' bytes. No code is ever executed.
"""

import math
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from icl_bench.errors import CheckpointError
from icl_bench.models.wrapped import wrapper_fault
from icl_bench.specs.checkpoint import parse_json
from icl_bench.specs.checkpoint_files import ROOT, WEIGHTS_FILE, no_weights
from icl_bench.specs.lfs_pointer import START, pointer_fault

DTYPE_BYTES = {"F16": 2, "BF16": 2, "F32": 4}
MAX_HEADER_BYTES = 8_000_000

_PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"\x1f\x8b")

Shapes = dict[str, tuple[int, ...]]


def read_weights(folder: Path, shapes: Shapes) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint folder in float32, exactly those named in `shapes`.

    CheckpointError, one line, where the file is missing, a pickle, cut short, or where a tensor is missing,
    unknown, misshapen, of another type than float16, bfloat16 or float32, or not finite.
    """
    path = find_weights(folder)
    check_header(path, shapes)
    try:
        stored = load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"cannot read {path}: {error}; fetch or save it again", code="damaged-weights"
        ) from None
    return {name: _finite(path, name, tensor) for name, tensor in stored.items()}


def find_weights(folder: Path) -> Path:
    """The weights of a checkpoint folder; CheckpointError says what lies there instead."""
    path = folder / WEIGHTS_FILE
    if not path.is_file():
        raise no_weights([entry.name for entry in folder.iterdir()], ROOT, str(folder))
    return path


def check_header(path: Path, shapes: Shapes) -> None:
    """Compare the header with the file's length and the expected tensors; nothing else is read."""
    header, data_bytes = read_header(path)
    _check_names(path, header, shapes)
    _check_entries(path, header, shapes)
    _check_layout(path, header, data_bytes)


def read_header(path: Path) -> tuple[dict[str, Any], int]:
    """What the header says of each tensor, and how many bytes of tensors follow it; CheckpointError where it
    is not that of a whole file."""
    try:
        with path.open("rb") as file:
            header, data_bytes = _read_header(path, file)
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}; check its permissions") from None
    header.pop("__metadata__", None)
    return header, data_bytes


def _read_header(path: Path, file: BinaryIO) -> tuple[dict[str, Any], int]:
    """The header and how many bytes of tensors follow it."""
    size = path.stat().st_size
    start = file.read(8)
    length = int.from_bytes(start, "little")
    if len(start) < 8 or length > size - 8:
        raise _no_safetensors(path, start, f"{size:,} bytes cannot hold the header that it announces")
    if length > MAX_HEADER_BYTES:
        raise _no_safetensors(path, start, f"its header is larger than {MAX_HEADER_BYTES:,} bytes")
    content = file.read(length)
    if not content.startswith(b"{"):
        raise _no_safetensors(path, start, "its header is not JSON")
    header = parse_json(content, f"the header of {path}", MAX_HEADER_BYTES)
    return header, size - 8 - length


def _no_safetensors(path: Path, start: bytes, why: str) -> CheckpointError:
    with path.open("rb") as file:
        opening = file.read(len(START))
    pointer = pointer_fault(opening, path)
    if pointer:
        return CheckpointError(pointer, code="lfs-pointer-checkpoint")
    if opening.startswith(_PICKLES):
        return CheckpointError(
            f"{path} is a pickle, which could run code and is never loaded; save the model as safetensors",
            code="pickle",
        )
    return CheckpointError(
        f"{path} is not a whole safetensors file: {why}; fetch or save it again", code="damaged-weights"
    )


def _check_names(path: Path, header: dict[str, Any], shapes: Shapes) -> None:
    wrapped = wrapper_fault(header, shapes)
    if wrapped:
        raise CheckpointError(f"{path}: {wrapped}", code="wrapped-model")
    missing = [name for name in shapes if name not in header]
    if missing:
        raise CheckpointError(
            f"{path} lacks {_first(missing)} that its config.json needs; save weights and config together",
            code="missing-tensor",
        )
    unknown = [name for name in header if name not in shapes]
    if unknown:
        raise CheckpointError(
            f"{path} has {_first(unknown)} that its config.json does not know; "
            "save weights and config together",
            code="unknown-tensor",
        )


def _first(names: list[str]) -> str:
    others = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
    return f"tensor {_quoted(names[0])}{others}"


def _check_entries(path: Path, header: dict[str, Any], shapes: Shapes) -> None:
    misshapen = []
    for name, shape in shapes.items():
        entry = header[name]
        if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
            raise CheckpointError(
                f"{path}: the header's entry of {name!r} is malformed; save the model again",
                code="damaged-weights",
            )
        if not isinstance(entry["dtype"], str) or entry["dtype"] not in DTYPE_BYTES:
            raise CheckpointError(
                f"{path}: {name!r} is stored as {_quoted(entry['dtype'])}; "
                f"convert it to one of {', '.join(DTYPE_BYTES)}",
                code="tensor-type",
            )
        if entry["shape"] != list(shape):
            misshapen.append(name)
    if misshapen:
        first, others = misshapen[0], len(misshapen) - 1
        more = f" (and {others:,} more)" if others else ""
        raise CheckpointError(
            f"{path}: {first!r} has shape {_quoted(header[first]['shape'])}, its config.json needs "
            f"{list(shapes[first])}{more}; save weights and config together",
            code="tensor-shape",
        )


def _check_layout(path: Path, header: dict[str, Any], data_bytes: int) -> None:
    """Every tensor has its bytes, one after the other, and the file ends with the last."""
    end = 0
    for name, entry in sorted(header.items(), key=lambda item: _begin(item[1])):
        size = math.prod(entry["shape"]) * DTYPE_BYTES[entry["dtype"]]
        if entry["data_offsets"] != [end, end + size]:
            raise CheckpointError(
                f"{path}: the header's offsets of {name!r} are wrong; save the model again",
                code="damaged-weights",
            )
        end += size
    if end != data_bytes:
        fault = "is cut short" if data_bytes < end else "is too long"
        raise CheckpointError(
            f"{path} {fault}: {data_bytes:,} bytes of tensors where its header announces {end:,}; "
            "fetch or save it again",
            code="damaged-weights",
        )


def _begin(entry: dict[str, Any]) -> int:
    offsets = entry["data_offsets"]
    return offsets[0] if isinstance(offsets, list) and offsets and isinstance(offsets[0], int) else -1


def _finite(path: Path, name: str, tensor: torch.Tensor) -> torch.Tensor:
    tensor = tensor.to(torch.float32)
    broken = tensor.numel() - int(torch.isfinite(tensor).sum())
    if broken:
        raise CheckpointError(
            f"{path}: {broken:,} of {tensor.numel():,} values of {name!r} are NaN or infinite; "
            "use a checkpoint from before training diverged",
            code="weights-not-finite",
        )
    return tensor


def _quoted(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:78] + " …"
