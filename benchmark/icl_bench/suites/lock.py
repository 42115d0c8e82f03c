"""The lock of a suite: SHA-256 of every frozen array. Written once, then only compared with."""

import hashlib

import numpy as np

from icl_bench.errors import SuiteError
from icl_bench.files import write_text
from icl_bench.specs.suite import SuiteLock, TaskLock, TaskSpec
from icl_bench.suites.catalogue import Suite, rules_hash
from icl_bench.suites.generate import EVAL, Arrays, Queries, generate, generate_queries
from icl_bench.suites.texts import texts_hash

ARRAYS = ("xs", "ys", "queries", "query_ys")  # that a cache holds
PARTS = ("xs", "ys", "parameters", "queries", "query_ys", "texts")


def array_hash(array: np.ndarray) -> str:
    """SHA-256 of the array's bytes, little-endian in C order."""
    return hashlib.sha256(_little_endian(array).data).hexdigest()


def parameters_hash(parameters: dict[str, np.ndarray]) -> str:
    """SHA-256 over the parameters by name: a line `name dtype shape`, then the bytes as in `array_hash`."""
    digest = hashlib.sha256()
    for name, array in sorted(parameters.items()):
        array = _little_endian(array)
        shape = "×".join(map(str, array.shape))
        digest.update(f"{name} {array.dtype.str} {shape}\n".encode())
        digest.update(array.data)
    return digest.hexdigest()


def task_lock(suite: Suite, task: TaskSpec, arrays: Arrays, queries: Queries | None) -> TaskLock:
    """The hashes of one task's arrays, of its texts, and of the rules of its score."""
    return TaskLock(
        xs=array_hash(arrays.xs),
        ys=array_hash(arrays.ys),
        parameters=parameters_hash(arrays.parameters),
        queries=None if queries is None else array_hash(queries.xs),
        query_ys=None if queries is None else array_hash(queries.ys),
        texts=texts_hash(arrays.xs, arrays.ys) if suite.spec.asked_in == "text" else None,
        rules=rules_hash(suite.home(task.name).spec, task),
    )


def remake(suite: Suite, task: TaskSpec) -> tuple[Arrays, Queries | None, list[str]]:
    """The evaluation prompts, generated again, their queries, and what in them is not as locked: a phrase a
    part, with both hashes, none where all hold. SuiteError where the suite has no lock."""
    locked = suite.lock.tasks[task.name]
    arrays, queries = _evaluation_prompts(suite, task)
    remade = task_lock(suite, task, arrays, queries)
    return (
        arrays,
        queries,
        [
            f"{part}: expected SHA-256 {getattr(locked, part)}, found {getattr(remade, part)}"
            for part in PARTS
            if getattr(remade, part) != getattr(locked, part)
        ],
    )


def frozen(suite: Suite, task: TaskSpec) -> tuple[Arrays, Queries | None]:
    """The evaluation prompts, generated again, and their queries; SuiteError if they are not as locked."""
    arrays, queries, differences = remake(suite, task)
    if differences:
        raise SuiteError(
            f"{suite.full_name(task.name)}: the prompts made here are not the frozen ones "
            f"({'; '.join(differences)}); restore the suite's files or install as constraints.txt says",
            code="prompts-differ",
        )
    return arrays, queries


def lock_suite(suite: Suite) -> SuiteLock:
    """Freeze a new suite: write its lock.json. SuiteError where it has one already."""
    if suite.lock_path.exists():
        raise SuiteError(
            f"{suite.lock_path} exists; a suite is never edited: make a new version", code="already-locked"
        )
    tasks = {
        name: task_lock(suite, task, *_evaluation_prompts(suite, task)) for name, task in suite.tasks.items()
    }
    lock = SuiteLock(schema=1, suite=suite.name, prompts=suite.spec.prompts, tasks=tasks)
    write_lock(suite, lock)
    return lock


def write_lock(suite: Suite, lock: SuiteLock) -> None:
    """Write lock.json."""
    write_text(suite.lock_path, lock.to_json())


def _evaluation_prompts(suite: Suite, task: TaskSpec) -> tuple[Arrays, Queries | None]:
    home = suite.home(task.name)
    asked = (task, home.name, EVAL, 0, home.spec.prompts)
    return generate(*asked), generate_queries(*asked)


def _little_endian(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
