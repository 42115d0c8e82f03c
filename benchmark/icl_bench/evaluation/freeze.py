"""Freezing the errors of baselines with a suite: in chunks of prompts, on all cores, resumable.

Each chunk of squared errors is kept in the cache folder as soon as it is there, under a name that stands for
the prompts, the baseline and its code, so that what is taken up again is what would be computed again.
"""

import hashlib
import io
import platform
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

import icl_bench.baselines
from icl_bench.baselines.base import BASELINES, Baseline, get_baseline
from icl_bench.errors import InputError, SpecError, UnknownNameError
from icl_bench.evaluation.environment import describe_evaluator
from icl_bench.evaluation.references import is_available, named_references, summed_up
from icl_bench.evaluation.scores import squared_errors
from icl_bench.evaluation.workers import worker_pool
from icl_bench.files import whole_file
from icl_bench.progress import progress
from icl_bench.resources import cache_folder
from icl_bench.suites import Suite, load_prompts
from icl_bench.suites.frozen_errors import errors_path, freeze_errors, load_errors

CHUNK = 256  # prompts of a cheap baseline
DEAR_CHUNK = 4  # prompts of another one: half a minute of one core at most
LIBRARIES = ("numpy", "scipy", "numba", "scikit-learn", "xgboost-cpu", "xgboost")


@dataclass(frozen=True)
class Entry:
    """One baseline on one task, to be frozen on its first `prompts`."""

    task: str
    baseline: Baseline
    prompts: int

    @property
    def name(self) -> str:
        """As it is shown: task/baseline."""
        return f"{self.task}/{self.baseline.type}"


def missing_entries(
    suite: Suite, tasks: Sequence[str], baselines: Sequence[str] = (), prompts: int | None = None
) -> list[Entry]:
    """What is not frozen yet of the tasks, those of cheap baselines first.

    baselines: every one that serves a task where none is named. prompts: the first so many, all for None; a
    lost file is made again on as many as are locked. Raises UnknownNameError, InputError where a named
    baseline serves none of the tasks or prompts are not between 1 and the suite's, SuiteError where frozen
    errors are not the locked ones.
    """
    count = suite.spec.prompts if prompts is None else prompts
    if not 1 <= count <= suite.spec.prompts:
        raise InputError(f"{count} prompts; {suite.name} has {suite.spec.prompts}, give 1 to that many")
    entries = []
    for baseline, serving in _serving(suite, tasks, baselines or list(BASELINES.entries())).items():
        if baselines and not serving:
            raise InputError(f"baseline {baseline} serves none of {', '.join(tasks)}; name another")
        for task, made in serving.items():
            locked = suite.lock.baselines.get(task, {}).get(baseline)
            if locked is None or not errors_path(suite, task, baseline).exists():
                entries.append(Entry(task, made, locked.prompts if locked else count))
            else:
                load_errors(suite, task, baseline)
    order = list(suite.tasks)
    return sorted(entries, key=lambda entry: (not entry.baseline.cheap, order.index(entry.task)))


def needed_entries(suite: Suite, tasks: Sequence[str], prompts: int | None = None) -> list[Entry]:
    """What is not frozen yet of the predictors that scores on the tasks need: zero, baseline and exact."""
    names = {task: [n for n in named_references(suite.task(task)) if is_available(n)] for task in tasks}
    found = [entry for task in tasks for entry in missing_entries(suite, [task], names[task], prompts)]
    return sorted(found, key=lambda entry: not entry.baseline.cheap)


def freeze(suite: Suite, entries: Sequence[Entry], workers: int | None = None, quiet: bool = True) -> None:
    """Compute and freeze the entries one after the other, each on `workers` processes (None: all cores).

    The bytes do not depend on the number of workers, nor on where an earlier run was cut off.
    Raises SuiteError where an entry is frozen with other errors, StorageError where nothing can be written.
    """
    if not entries:
        return
    evaluator, libraries = describe_evaluator(), describe_libraries()
    with worker_pool(workers) as pool:
        for number, entry in enumerate(entries, start=1):
            squared = _squared_errors(suite, entry, pool, f"{number} of {len(entries)}: {entry.name}", quiet)
            errors = summed_up(squared, suite.task(entry.task))
            freeze_errors(suite, entry.task, entry.baseline.type, errors, evaluator, libraries)
            for path, _ in _chunks(suite, entry):
                path.unlink(missing_ok=True)


def describe_libraries() -> dict[str, str]:
    """What frozen errors were computed with: Python, the machine, and the numerical libraries."""
    found = {"python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}"}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # xgboost has a name on each platform
            continue
    return found


def _serving(suite: Suite, tasks: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, Baseline]]:
    """The baselines by name and task, where they answer it."""
    found: dict[str, dict[str, Baseline]] = {name: {} for name in names}
    for name in names:
        for task in tasks:
            try:
                found[name][task] = get_baseline(name, suite.task(task))
            except (SpecError, UnknownNameError):
                raise
            except InputError:  # it does not serve this task
                continue
    return found


def _squared_errors(suite: Suite, entry: Entry, pool: Executor, label: str, quiet: bool) -> np.ndarray:
    """Squared errors (prompts, points), from chunks that are there and those that the pool computes."""
    prompts = load_prompts(suite, entry.task)
    chunks = list(_chunks(suite, entry))
    points = prompts.task.points
    found = {path: _read_chunk(path, part.stop - part.start, points) for path, part in chunks}
    missing = [(path, part) for path, part in chunks if found[path] is None]
    done = sum(part.stop - part.start for path, part in chunks if found[path] is not None)
    with progress(label, entry.prompts, quiet, start=done) as advance:
        waiting = {
            pool.submit(_compute_chunk, entry.baseline, prompts.xs[part], prompts.ys[part], path): (
                path,
                part,
            )
            for path, part in missing
        }
        for future in as_completed(waiting):
            path, part = waiting[future]
            found[path] = future.result()
            done += part.stop - part.start
            advance(done)
    return np.concatenate([errors for errors in found.values() if errors is not None])


def _compute_chunk(baseline: Baseline, xs: np.ndarray, ys: np.ndarray, path: Path) -> np.ndarray:
    """Squared errors (prompts, points) of a chunk, which are kept at `path`; run by a worker."""
    errors = squared_errors(baseline.predict(xs, ys), ys)
    with whole_file(path) as part, part.open("wb") as file:
        np.save(file, errors, allow_pickle=False)
    return errors


def _read_chunk(path: Path, prompts: int, points: int) -> np.ndarray | None:
    """A chunk that an earlier run has kept; None where it is missing or damaged."""
    try:
        errors = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    sound = isinstance(errors, np.ndarray) and errors.shape == (prompts, points)
    return errors if sound and errors.dtype == np.float64 else None


def _chunks(suite: Suite, entry: Entry) -> Iterator[tuple[Path, slice]]:
    """The parts that an entry is computed in, and the file that keeps each."""
    size = CHUNK if entry.baseline.cheap else DEAR_CHUNK
    folder = cache_folder() / "baselines" / suite.name / entry.name / _fingerprint(suite, entry)
    for start in range(0, entry.prompts, size):
        part = slice(start, min(start + size, entry.prompts))
        yield folder / f"{part.start}-{part.stop}.npy", part


def _fingerprint(suite: Suite, entry: Entry) -> str:
    """What a chunk's numbers follow from: the frozen prompts, the baseline with its numbers, all code of
    baselines, and the libraries."""
    digest = hashlib.sha256()
    for text in (suite.arrays_hash, entry.task, entry.baseline.model_dump_json(), str(describe_libraries())):
        digest.update(f"{text}\n".encode())
    folder = Path(icl_bench.baselines.__path__[0])
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
