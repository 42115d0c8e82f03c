"""A task's frozen arrays as one NumPy file, the same bytes at every export."""

from pathlib import Path

import numpy as np

from icl_bench.files import check_ending, whole_file
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites.catalogue import Suite
from icl_bench.suites.lock import frozen
from icl_bench.suites.prompts import arrays_by_name


def exported_arrays(suite: Suite, task: TaskSpec) -> dict[str, np.ndarray]:
    """By name as in `export_task`, first axis prompts; SuiteError where they are not as locked."""
    (xs, ys, parameters), queries = frozen(suite, task)
    named = {f"parameters.{name}": array for name, array in parameters.items()}
    return arrays_by_name(xs, ys, queries) | named


def export_task(suite: Suite, task: TaskSpec, path: Path) -> list[str]:
    """Write `xs`, `ys`, each parameter as `parameters.NAME`, and of a task that has queries `queries` and
    `query_ys`; returns the names.

    The arrays are generated again and compared with the lock. Raises SuiteError, StorageError, or InputError
    where the name does not end in .npz; nothing is left at `path` then.
    """
    check_ending(path, [".npz"], "NumPy's arrays")
    arrays = exported_arrays(suite, task)
    with whole_file(path) as part, part.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)  # NumPy dates every member 1980
    return list(arrays)
