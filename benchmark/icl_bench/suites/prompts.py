"""The frozen prompts of a task, from the cache where it holds them, else generated and kept."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from icl_bench.errors import StorageError
from icl_bench.resources import cache_folder
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites.cache import read_arrow, write_arrow
from icl_bench.suites.catalogue import Suite
from icl_bench.suites.generate import Queries
from icl_bench.suites.lock import ARRAYS, array_hash, frozen


@dataclass(frozen=True)
class Prompts:
    """What a predictor is scored on: verified against the lock, and read-only."""

    task: TaskSpec
    xs: np.ndarray  # float32 (prompts, points, d)
    ys: np.ndarray  # float32 (prompts, points, k)
    queries: Queries | None = None  # asked in place of xs: query i after the first i examples

    @property
    def targets(self) -> np.ndarray:
        """What predictions are compared with: float32 (prompts, points, k)."""
        return self.ys if self.queries is None else self.queries.ys

    def arrays(self) -> dict[str, np.ndarray]:
        """By name: xs, ys, and where queries are apart from the context `queries` and `query_ys`."""
        return arrays_by_name(self.xs, self.ys, self.queries)

    def part(self, chosen: slice) -> "Prompts":
        """Some of the prompts."""
        queries = None if self.queries is None else Queries(self.queries.xs[chosen], self.queries.ys[chosen])
        return Prompts(self.task, self.xs[chosen], self.ys[chosen], queries)

    def asked(self) -> Iterator[tuple[int | None, np.ndarray, np.ndarray]]:
        """The arrays that a predictor is given: (None, xs, ys), whose answers are all wanted.

        Where queries are apart from the context, one for each context length i: (i, xs, ys) of i + 1 points,
        whose last answer is wanted; the last target is 0.
        """
        if self.queries is None:
            yield None, self.xs, self.ys
            return
        for i in range(self.xs.shape[1]):
            xs = np.concatenate([self.xs[:, :i], self.queries.xs[:, i : i + 1]], axis=1)
            yield i, xs, np.concatenate([self.ys[:, :i], np.zeros_like(self.ys[:, :1])], axis=1)


def cache_path(suite: Suite, task_name: str) -> Path:
    """The Arrow file of a task; the hash of the frozen arrays in its name distinguishes versions."""
    home = suite.home(task_name)
    return cache_folder() / "suites" / f"{home.name}-{home.arrays_hash[:12]}" / f"{task_name}.arrow"


def load_prompts(suite: Suite, task_name: str) -> Prompts:
    """The evaluation prompts of a task, memory-mapped; in memory where the cache cannot be written.

    The arrays are held against the lock at every load. A missing or damaged cache file is written again,
    whole or not at all, so that several processes may come first at once. Raises UnknownNameError for a
    task that the suite has not, and SuiteError where the arrays cannot be reproduced.
    """
    task = suite.task(task_name)
    path = cache_path(suite, task_name)
    cached = _verified(suite, task, path)
    if cached is None:
        arrays, queries = frozen(suite, task)
        generated = arrays_by_name(arrays.xs, arrays.ys, queries)
        with suppress(StorageError, OSError):  # a full disk or a closed folder stops no evaluation
            write_arrow(path, generated)
        cached = _verified(suite, task, path)
    if cached is None:  # not written, or damaged by another process since; what was made is right
        for array in generated.values():
            array.setflags(write=False)
        cached = generated
    queries = Queries(cached["queries"], cached["query_ys"]) if "queries" in cached else None
    return Prompts(task, cached["xs"], cached["ys"], queries)


def arrays_by_name(xs: np.ndarray, ys: np.ndarray, queries: Queries | None) -> dict[str, np.ndarray]:
    """The arrays of prompts as files hold them."""
    asked = {} if queries is None else {"queries": queries.xs, "query_ys": queries.ys}
    return {"xs": xs, "ys": ys, **asked}


def _verified(suite: Suite, task: TaskSpec, path: Path) -> dict[str, np.ndarray] | None:
    locked = suite.lock.tasks[task.name].hashes()
    wanted = {part: locked[part] for part in ARRAYS if part in locked}
    arrays = read_arrow(path, list(wanted))
    if arrays is None or {part: array_hash(array) for part, array in arrays.items()} != wanted:
        return None
    shape = (suite.spec.prompts, task.points)
    return arrays if all(array.shape[:2] == shape for array in arrays.values()) else None
