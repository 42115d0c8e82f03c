"""Frozen errors of baselines: `baselines/<task>/<baseline>.npz` in a suite, hashed in its lock."""

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from filelock import FileLock
from jaxtyping import Float

from icl_bench.errors import StorageError, SuiteError
from icl_bench.files import whole_file
from icl_bench.resources import cache_folder
from icl_bench.specs.result import Evaluator
from icl_bench.specs.suite import BaselineLock, TaskSpec
from icl_bench.suites.catalogue import Suite
from icl_bench.suites.lock import write_lock


@dataclass(frozen=True)
class BaselineErrors:
    """Squared errors of a baseline on the first prompts of a task, or on all of them; float64."""

    curve: Float[np.ndarray, " points"]  # the mean over prompts at each context length
    errors: Float[np.ndarray, " prompts"]  # each prompt's, summed over the scored context lengths
    # the same two of the values of metrics that have values of their own, by metric
    value_curves: Mapping[str, Float[np.ndarray, " points"]] = field(default_factory=dict)
    values: Mapping[str, Float[np.ndarray, " prompts"]] = field(default_factory=dict)

    @property
    def prompts(self) -> int:
        """On how many prompts."""
        return len(self.errors)

    def mean_error(self, task: TaskSpec) -> float:
        """The mean over prompts and scored context lengths."""
        return float(self.errors.mean()) / task.scored_points.count


def errors_path(suite: Suite, task: str, baseline: str) -> Path:
    """Where the frozen errors of a baseline on a task are."""
    return suite.home(task).folder / "baselines" / task / f"{baseline}.npz"


def load_errors(suite: Suite, task: str, baseline: str) -> BaselineErrors | None:
    """The frozen errors of a baseline on a task, None where none are locked.

    SuiteError where the file is missing, or is not the locked one.
    """
    suite = suite.home(task)
    locked = suite.lock.baselines.get(task, {}).get(baseline)
    if locked is None:
        return None
    difference = _difference(suite, task, baseline, locked)
    if difference:
        raise SuiteError(
            f"{suite.name}/{task}: {difference}; a suite is never edited: restore its files",
            code="frozen-errors-damaged",
        )
    return _read(suite, suite.task(task), baseline, locked)


def frozen_baselines(suite: Suite, task: str) -> dict[str, BaselineErrors]:
    """Every frozen baseline of a task, in the order of their names; SuiteError as in `load_errors`."""
    locked = suite.home(task).lock.baselines.get(task, {})
    loaded = {name: load_errors(suite, task, name) for name in sorted(locked)}
    return {name: errors for name, errors in loaded.items() if errors is not None}


def changed_files(suite: Suite, task: str) -> list[str]:
    """What in a task's files of frozen errors is not as locked: a phrase a file, none where all hold."""
    suite = suite.home(task)
    locked = suite.lock.baselines.get(task, {})
    phrases = [_difference(suite, task, baseline, lock) for baseline, lock in locked.items()]
    return [phrase for phrase in phrases if phrase]


def freeze_errors(
    suite: Suite,
    task: str,
    baseline: str,
    errors: BaselineErrors,
    evaluator: Evaluator,
    libraries: dict[str, str],
) -> None:
    """Write a baseline's errors and lock them, together with what computed them.

    Errors that are frozen already are written again only where they are the same bytes, which restores a
    lost file; SuiteError where they differ. StorageError where a file cannot be written. A process that ends
    between the two files leaves errors that are not locked, which count as none.
    """
    suite = suite.home(task)
    content = _as_file(errors)
    digest = hashlib.sha256(content).hexdigest()
    with _one_writer(suite):
        lock = suite.lock
        before = lock.baselines.get(task, {}).get(baseline)
        if before is not None and before.sha256 != digest:
            raise SuiteError(
                f"{suite.name}/{task}: the errors of {baseline} made here have SHA-256 {digest}, the frozen "
                f"ones {before.sha256}; a suite is never edited: restore its files, or make a new version",
                code="frozen-errors-differ",
            )
        with whole_file(errors_path(suite, task, baseline)) as part:
            part.write_bytes(content)
        if before is None:
            new = BaselineLock(
                sha256=digest, prompts=errors.prompts, evaluator=evaluator, libraries=libraries
            )
            locked = {**lock.baselines.get(task, {}), baseline: new}
            by_task = {**lock.baselines, task: dict(sorted(locked.items()))}
            in_order = {name: by_task[name] for name in suite.tasks if name in by_task}
            write_lock(suite, lock.model_copy(update={"baselines": in_order}))


@contextmanager
def _one_writer(suite: Suite) -> Iterator[None]:
    """While it is held, no other process of this user adds to the suite's lock."""
    place = cache_folder() / "locks" / f"{suite.name}.lock"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(place).acquire()
    except OSError as error:
        raise StorageError(
            f"cannot write {place}: {error.strerror or error}; set HF_HOME elsewhere"
        ) from None
    with held:
        yield


def _as_file(errors: BaselineErrors) -> bytes:
    file = io.BytesIO()
    arrays = {"curve": errors.curve, "errors": errors.errors}
    for metric, values in errors.values.items():
        arrays |= {f"{metric}.curve": errors.value_curves[metric], f"{metric}.values": values}
    little = {name: array.astype("<f8") for name, array in arrays.items()}
    np.savez(file, allow_pickle=False, **little)  # NumPy dates every member 1980
    return file.getvalue()


def _difference(suite: Suite, task: str, baseline: str, locked: BaselineLock) -> str:
    """What is wrong with a file of frozen errors, in a phrase; empty where nothing is."""
    path = errors_path(suite, task, baseline)
    name = path.relative_to(suite.folder).as_posix()
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return f"{name}: cannot be read ({error.strerror or error})"
    return f"{name}: expected SHA-256 {locked.sha256}, found {digest}" if digest != locked.sha256 else ""


@lru_cache(maxsize=4096)
def _arrays(path: Path, sha256: str) -> dict[str, np.ndarray]:
    """The arrays of a file of this hash, which nobody may write to: a page of a site reads hundreds of files,
    each of them many times."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in ("curve", "errors", *file.files)}
    for array in arrays.values():
        array.flags.writeable = False
    return arrays


def _read(suite: Suite, task: TaskSpec, baseline: str, locked: BaselineLock) -> BaselineErrors:
    path = errors_path(suite, task.name, baseline)
    try:
        arrays = dict(_arrays(path, locked.sha256))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise SuiteError(
            f"{path}: no frozen errors ({error}); restore the suite's files", code="frozen-errors-damaged"
        ) from None
    prompts = min(locked.prompts, suite.spec.prompts)
    sized = locked.prompts <= suite.spec.prompts and all(
        array.shape == (task.points if name.endswith("curve") else prompts,) for name, array in arrays.items()
    )
    if not sized or not all(a.dtype == np.float64 and np.isfinite(a).all() for a in arrays.values()):
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise SuiteError(
            f"{path}: {shapes} are no errors of {locked.prompts} prompts of {suite.name}/{task.name}; "
            "restore the suite's files",
            code="frozen-errors-damaged",
        )
    curve, errors = arrays.pop("curve"), arrays.pop("errors")
    curves, values = (
        {name.removesuffix(end): array for name, array in arrays.items() if name.endswith(end)}
        for end in (".curve", ".values")
    )
    return BaselineErrors(curve, errors, curves, values)
