"""The prompts of a task as one Parquet file, which `datasets.load_dataset` opens.

A row a prompt, a column an array: `xs`, `ys`, each parameter of the function as `parameters.NAME`, `queries`
and `query_ys` where a task has them, and `text` in a suite that is asked in text. The shapes are fixed and
stand in the file, so that NumPy gets every array back as it was.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from icl_bench.specs.suite import TaskSpec
from icl_bench.suites.catalogue import Suite
from icl_bench.suites.export import exported_arrays
from icl_bench.suites.texts import prompt_texts

TABLE = "{task}/eval.parquet"
SPLIT = "test"
TEXT = "text"


@dataclass(frozen=True)
class Column:
    """What a column holds of each prompt."""

    dtype: str  # of NumPy; `string` for texts
    shape: tuple[int, ...]  # () for one number or text


@dataclass(frozen=True)
class Table:
    """A Parquet file that was written."""

    columns: dict[str, Column]
    prompts: int
    sha256: str
    size: int  # bytes


def write_table(suite: Suite, task: TaskSpec, path: Path) -> Table:
    """Write the frozen prompts of a task, generated again and compared with the lock.

    SuiteError where they are not as locked; OSError where the file cannot be written.
    """
    import pyarrow.parquet
    from datasets import Dataset, Features, Value

    arrays = exported_arrays(suite, task)
    columns = {name: Column(str(array.dtype), array.shape[1:]) for name, array in arrays.items()}
    features = {name: _feature(column) for name, column in columns.items()}
    values: dict[str, np.ndarray | list[str]] = dict(arrays)
    if suite.spec.asked_in == "text":
        columns[TEXT], features[TEXT] = Column("string", ()), Value("string")
        values[TEXT] = [prompt.text for prompt in prompt_texts(arrays["xs"], arrays["ys"])]
    schema = Features(features)
    table = Dataset.from_dict(values, features=schema).data.table
    path.parent.mkdir()
    pyarrow.parquet.write_table(
        table.replace_schema_metadata(schema.arrow_schema.metadata).combine_chunks(), path
    )
    content = path.read_bytes()
    return Table(columns, len(arrays["xs"]), hashlib.sha256(content).hexdigest(), len(content))


def _feature(column: Column) -> object:
    """The type of `datasets` for it."""
    from datasets import Array2D, Array3D, Array4D, Sequence, Value

    if not column.shape:
        return Value(column.dtype)
    if len(column.shape) == 1:
        return Sequence(Value(column.dtype), length=column.shape[0])
    array = {2: Array2D, 3: Array3D, 4: Array4D}[len(column.shape)]
    return array(shape=column.shape, dtype=column.dtype)
