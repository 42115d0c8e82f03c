"""Prompts on disk: one Arrow file a task, which `datasets.Dataset.from_file` opens and memory-maps.

Columns `xs` and `ys`, and where a task has them `queries` and `query_ys`, a row a prompt: nested lists of
fixed lengths (points × d and points × k) without offsets, in one record batch, so that NumPy reads the mapped
file in place. Beside each file lies its SHA-256. It is compared before Arrow sees a byte, because a damaged
Arrow file can end the process.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from icl_bench.errors import StorageError
from icl_bench.files import whole_file, write_text


def write_arrow(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write float32 arrays (prompts, points, n) by name, and the file's SHA-256 beside it.

    Raises StorageError and leaves neither; a process that dies between the two leaves a file that
    `read_arrow` refuses.
    """
    import pyarrow
    from datasets import Features
    from datasets.arrow_writer import ArrowWriter

    table = pyarrow.table({name: _nested(array) for name, array in arrays.items()})
    (prompts,) = {len(array) for array in arrays.values()}
    features = Features.from_arrow_schema(table.schema)
    with (
        whole_file(path) as part,
        ArrowWriter(path=str(part), features=features, writer_batch_size=prompts) as writer,
    ):
        writer.write_table(table)
        writer.finalize()
    try:
        write_text(_sum_path(path), _sum(path))
    except StorageError:
        path.unlink(missing_ok=True)
        raise


def read_arrow(path: Path, names: Sequence[str]) -> dict[str, np.ndarray] | None:
    """The arrays of these names as read-only views of the mapped file; None where it is missing or bad."""
    try:
        if _sum_path(path).read_bytes() != _sum(path).encode():
            return None
    except OSError:
        return None
    import pyarrow
    from datasets import Dataset

    try:
        table = Dataset.from_file(str(path)).data
        return {name: _array(table.column(name)) for name in names}
    except (OSError, pyarrow.ArrowException, ValueError, KeyError):
        return None  # removed since, or whole but of another version's layout


def _sum_path(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _nested(array: np.ndarray) -> Any:
    """A float32 array (prompts, points, n) as an Arrow array of fixed-size lists, without a copy."""
    import pyarrow

    values = pyarrow.array(np.ascontiguousarray(array, np.float32).reshape(-1))
    for length in reversed(array.shape[1:]):
        values = pyarrow.FixedSizeListArray.from_arrays(values, length)
    return values


def _array(column: Any) -> np.ndarray:
    """The inverse of `_nested`; ValueError where the column would have to be copied."""
    import pyarrow

    if column.num_chunks != 1:
        raise ValueError("the column is in several batches")
    values, shape = column.chunk(0), [len(column)]
    while pyarrow.types.is_fixed_size_list(values.type):
        shape.append(values.type.list_size)
        values = values.flatten()
    return values.to_numpy(zero_copy_only=True).reshape(shape)
