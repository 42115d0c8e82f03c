"""Errors of baselines on a suite's prompts, computed in chunks on all cores, resumable.

Each chunk of numbers is kept in the cache folder as soon as it is computed, under a name that depends
on the prompts, the baseline and its code, so that an interrupted run resumes with the numbers that it would
compute again.
"""

import hashlib
import io
import platform
from collections.abc import Iterator
from concurrent.futures import Executor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

import icl_bench.baselines
import icl_bench.function_classes
from icl_bench.baselines.base import Baseline
from icl_bench.files import whole_file
from icl_bench.frozen.anchors import baseline_numbers, summed_up
from icl_bench.frozen.errors import BaselineErrors
from icl_bench.progress import progress
from icl_bench.resources import cache_folder
from icl_bench.scoring.metric import answer_numbers
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites import Prompts, Suite, load_prompts

CHUNK = 256  # prompts of a cheap baseline
EXPENSIVE_CHUNK = 4  # prompts of another one: half a minute of one core at most
LIBRARIES = ("numpy", "scipy", "numba", "scikit-learn", "xgboost-cpu", "xgboost")


@dataclass(frozen=True)
class BaselineOnTask:
    """One baseline on one task, to be frozen on the task's first `prompts`."""

    task: str
    baseline: Baseline
    prompts: int

    @property
    def name(self) -> str:
        """As it is shown: task/baseline."""
        return f"{self.task}/{self.baseline.type}"


@contextmanager
def computed_errors(
    suite: Suite, pair: BaselineOnTask, pool: Executor, label: str, quiet: bool
) -> Iterator[BaselineErrors]:
    """The errors of a baseline on a task; its chunks are kept until they have been used."""
    yield summed_up(_numbers(suite, pair, pool, label, quiet), suite.task(pair.task))
    for path, _ in _chunks(suite, pair):
        path.unlink(missing_ok=True)


def keep_chunks(suite: Suite, pair: BaselineOnTask, pool: Executor) -> None:
    """Compute what is missing of the chunks of a baseline on a task, and leave them to who freezes it."""
    _numbers(suite, pair, pool, pair.name, quiet=True)


def chunks_kept(suite: Suite, pair: BaselineOnTask) -> tuple[int, int]:
    """How many chunks of a baseline on a task are there, and how many there are to be."""
    there = [path.is_file() for path, _ in _chunks(suite, pair)]
    return sum(there), len(there)


def describe_libraries() -> dict[str, str]:
    """What frozen errors were computed with: Python, the machine, and the numerical libraries."""
    versions = {"python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}"}
    for name in LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:  # xgboost has a name on each platform
            continue
    return versions


def _numbers(
    suite: Suite, pair: BaselineOnTask, pool: Executor, label: str, quiet: bool
) -> dict[str, np.ndarray]:
    """The `answer_numbers` (prompts, points), from chunks that are there and those that the pool computes."""
    prompts = load_prompts(suite, pair.task)
    chunks = list(_chunks(suite, pair))
    points, kinds = prompts.task.points, _kinds(prompts.task)
    numbers = {path: _read_chunk(path, (len(kinds), part.stop - part.start, points)) for path, part in chunks}
    missing = [(path, part) for path, part in chunks if numbers[path] is None]
    done = sum(part.stop - part.start for path, part in chunks if numbers[path] is not None)
    with progress(label, pair.prompts, quiet, start=done) as advance:
        waiting = {
            pool.submit(_compute_chunk, pair.baseline, prompts.part(part), path): (path, part)
            for path, part in missing
        }
        for future in as_completed(waiting):
            path, part = waiting[future]
            numbers[path] = future.result()
            done += part.stop - part.start
            advance(done)
    known = np.concatenate([chunk for chunk in numbers.values() if chunk is not None], axis=1)
    return dict(zip(kinds, known, strict=True))


def _kinds(task: TaskSpec) -> list[str]:
    """The names of a task's `answer_numbers`, in the order of a chunk."""
    nothing = np.zeros((0, task.points, task.function_class.k))
    return list(answer_numbers(nothing, nothing, task))


def _compute_chunk(baseline: Baseline, prompts: Prompts, path: Path) -> np.ndarray:
    """The numbers (kinds, prompts, points) of a chunk, which are kept at `path`; run by a worker."""
    numbers = np.stack(list(baseline_numbers(baseline, prompts).values()))
    with whole_file(path) as part, part.open("wb") as file:
        np.save(file, numbers, allow_pickle=False)
    return numbers


def _read_chunk(path: Path, shape: tuple[int, int, int]) -> np.ndarray | None:
    """A chunk that an earlier run has kept; None where it is missing or damaged."""
    try:
        numbers = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    sound = isinstance(numbers, np.ndarray) and numbers.shape == shape
    return numbers if sound and numbers.dtype == np.float64 else None


def _chunks(suite: Suite, pair: BaselineOnTask) -> Iterator[tuple[Path, slice]]:
    """The parts that the errors are computed in, and the file that keeps each."""
    size = CHUNK if pair.baseline.cheap else EXPENSIVE_CHUNK
    folder = cache_folder() / "baselines" / suite.home(pair.task).name / pair.name / _fingerprint(suite, pair)
    for start in range(0, pair.prompts, size):
        part = slice(start, min(start + size, pair.prompts))
        yield folder / f"{part.start}-{part.stop}.npy", part


def _fingerprint(suite: Suite, pair: BaselineOnTask) -> str:
    """A hash of what decides a chunk's numbers: the frozen prompts, the baseline with its numbers, all code
    of baselines and function classes, and the libraries."""
    digest = hashlib.sha256()
    for text in (
        suite.home(pair.task).arrays_hash,
        pair.task,
        pair.baseline.model_dump_json(),
        str(describe_libraries()),
    ):
        digest.update(f"{text}\n".encode())
    for package in (icl_bench.baselines, icl_bench.function_classes):
        for path in sorted(Path(package.__path__[0]).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
