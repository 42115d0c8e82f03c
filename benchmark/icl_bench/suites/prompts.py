"""The frozen prompts of a task, from the cache where it holds them, else made anew and kept."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from icl_bench.errors import StorageError
from icl_bench.resources import cache_folder
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites.cache import read_arrow, write_arrow
from icl_bench.suites.catalogue import Suite
from icl_bench.suites.lock import array_hash, frozen


@dataclass(frozen=True)
class Prompts:
    """What a predictor is scored on: verified against the lock, and read-only."""

    task: TaskSpec
    xs: np.ndarray  # float32 (prompts, points, d)
    ys: np.ndarray  # float32 (prompts, points, k)


def cache_path(suite: Suite, task_name: str) -> Path:
    """The Arrow file of a task; the hash of the frozen arrays in its name tells versions apart."""
    home = suite.home(task_name)
    return cache_folder() / "suites" / f"{home.name}-{home.arrays_hash[:12]}" / f"{task_name}.arrow"


def load_prompts(suite: Suite, task_name: str) -> Prompts:
    """The evaluation prompts of a task, memory-mapped; in memory where the cache cannot be written.

    The arrays are held against the lock at every load. A missing or damaged cache file is written anew,
    whole or not at all, so that several processes may come first at once. Raises UnknownNameError for a
    task that the suite has not, and SuiteError where the arrays cannot be reproduced.
    """
    task = suite.task(task_name)
    path = cache_path(suite, task_name)
    cached = _verified(suite, task, path)
    if cached is None:
        xs, ys, _ = frozen(suite, task)
        with suppress(StorageError, OSError):  # a full disk or a closed folder stops no evaluation
            write_arrow(path, xs, ys)
        cached = _verified(suite, task, path)
    if cached is None:  # not written, or damaged by another process since; what was made is right
        xs.setflags(write=False)
        ys.setflags(write=False)
        cached = xs, ys
    return Prompts(task, *cached)


def _verified(suite: Suite, task: TaskSpec, path: Path) -> tuple[np.ndarray, np.ndarray] | None:
    arrays = read_arrow(path)
    locked = suite.lock.tasks[task.name]
    if arrays is None or (array_hash(arrays[0]), array_hash(arrays[1])) != (locked.xs, locked.ys):
        return None
    shape = (suite.spec.prompts, task.points)
    return arrays if all(array.shape[:2] == shape for array in arrays) else None
