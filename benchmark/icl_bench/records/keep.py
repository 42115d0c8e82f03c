"""Writing a record where nothing is lost: beside another one, or into it, or elsewhere where that fails."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from icl_bench.errors import InputError, StorageError
from icl_bench.records.agree import same_numbers
from icl_bench.records.read import load_record
from icl_bench.specs.result import ResultRecord

_ON_THIS_DISK = {"folder", "language_model"}  # kinds of entries that a path may name


@dataclass(frozen=True)
class Kept:
    """What became of a record."""

    path: Path | None  # where it is; None where it could be written nowhere
    note: str | None = None  # what is to be said of that place
    fault: StorageError | None = None  # why it is not where it was asked for, and where it is


def keep_beside(record: ResultRecord, path: Path) -> Kept:
    """Write a record to `path`, which nobody named: whatever is there stays.

    A record of the same model with other tasks is united with it; anything that differs keeps its place, and
    the record goes beside it, to `NAME-2.json`. Where it cannot be written it is put aside, as by `keep_at`.
    """
    places = _numbered(path)
    while (place := next(places)).exists():
        whole, note = _with_known(record, place)
        if whole is not None:
            return _keep(whole, place, note)
    return _keep(record, place, f"beside {path}, another result" if place != path else None)


def keep_at(record: ResultRecord, path: Path) -> Kept:
    """Write a record to `path`, which somebody named: in place of what is there, or united with it where that
    is of the same model with other tasks.

    Where it cannot be written it is put aside, in the folder of temporary files or the current one: what took
    hours to evaluate is not lost to a full disk.
    """
    whole, note = _with_known(record, path)
    return _keep(record if whole is None else whole, path, note)


def united(known: ResultRecord, record: ResultRecord) -> ResultRecord | None:
    """The record with the tasks that `known` has besides; None where the two are no parts of one evaluation.

    They are where model, suite and weights are the same, and every number of tasks that both have; and where
    `known` has further tasks, if both were made by the same versions on the same kind of machine.
    """
    shared = known.tasks.keys() & record.tasks.keys()
    parts = [each.model_copy(update={"tasks": _only(each, shared)}) for each in (known, record)]
    if known.suite != record.suite or not _same_model(known, record) or not same_numbers(*parts):
        return None
    if known.tasks.keys() <= record.tasks.keys():
        return record
    if (known.evaluator, known.environment) != (record.evaluator, record.environment):
        return None
    tasks = {**known.tasks, **record.tasks}
    missing = {task: reason for task, reason in record.missing.items() if task not in tasks}
    return record.model_copy(update={"tasks": tasks, "missing": missing})


def _same_model(known: ResultRecord, record: ResultRecord) -> bool:
    """Whether both are of one model; a folder or file may be named by another path, and is known by its
    weights."""
    shared = known.tasks.keys() & record.tasks.keys()
    weights = [(known.tasks[task].weights, record.tasks[task].weights) for task in shared]
    if any(before != now for before, now in weights):
        return False
    if known.model == record.model:
        return True
    kinds, revisions = ({known.model.kind, record.model.kind}, {known.model.revision, record.model.revision})
    return len(kinds) == 1 and kinds <= _ON_THIS_DISK and revisions == {None} and bool(shared)


def _only(record: ResultRecord, tasks: set[str]) -> dict[str, object]:
    return {task: result for task, result in record.tasks.items() if task in tasks}


def _with_known(record: ResultRecord, path: Path) -> tuple[ResultRecord | None, str | None]:
    """A record united with the one at `path`, None where the two do not go together; and what becomes of the
    tasks that only the latter has."""
    try:
        known = load_record(path)
    except InputError:
        return None, None
    more, whole = ", ".join(task for task in known.tasks if task not in record.tasks), united(known, record)
    if not more:
        return whole, None
    return whole, f"with {more} from before" if whole else f"in place of {more}, evaluated otherwise"


def _keep(record: ResultRecord, path: Path, note: str | None) -> Kept:
    try:
        record.save(path)
    except StorageError as error:
        fault, elsewhere = str(error).partition(";")[0], _put_aside(record, path.name)
        if elsewhere is None:
            remedy = "neither the folder of temporary files nor the current one takes it; evaluate again"
            return Kept(None, fault=StorageError(f"{fault}; {remedy}", code="put-nowhere"))
        remedy = f"the record is in {elsewhere} instead"
        return Kept(elsewhere, fault=StorageError(f"{fault}; {remedy}", code="put-elsewhere"))
    return Kept(path, note)


def _put_aside(record: ResultRecord, name: str) -> Path | None:
    """Where a record could be written after all; None where that is nowhere."""
    for folder in (tempfile.gettempdir, Path.cwd):
        try:
            place = next(path for path in _numbered(Path(folder()) / name) if not path.exists())
            record.save(place)
        except (StorageError, OSError):
            continue
        return place
    return None


def _numbered(path: Path) -> Iterator[Path]:
    """A path, then `NAME-2`, `NAME-3`, … with the same ending."""
    yield path
    for number in count(2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")
