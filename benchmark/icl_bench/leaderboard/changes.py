"""What changed among the rows of a board: those added, runs that others superseded, and places in the order
that this moved. All of it follows from records, those that were replaced included, and from their dates."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.entries import Entry
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.models.reference import PREFIX
from icl_bench.records.read import load_record
from icl_bench.records.record_files import RESULTS, SUPERSEDED, record_file
from icl_bench.resources import data_folder
from icl_bench.specs.result import ResultRecord, TaskResult
from icl_bench.specs.submission import folder_name

Kind = Literal["added", "superseded", "moved"]
_ORDER: tuple[Kind, ...] = ("moved", "superseded", "added")


@dataclass(frozen=True)
class Change:
    """A row that is new, one of its runs that was replaced, or another place in the order that this made."""

    kind: Kind
    date: str | None  # as 2026-11-21; None where it is not known
    model: str
    seed: int | None = None  # of a replaced run; this and the task are those of nothing else
    task: str = ""
    before: float | None = None  # optimality of the replaced run
    now: float | None = None  # of the run with the same seed that took its place
    position_before: int | None = None  # by the mean optimality, with the replaced runs in place of today's
    position_now: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class _Replaced:
    """A record that is on no board any more, the path of its file in a checkout, and why, by task."""

    path: str
    seed: int
    record: ResultRecord
    reasons: Mapping[str, str]


def changes(site: Site, board: SuiteBoard) -> list[Change]:
    """The newest first; of a day what moved, then what was superseded, then what was added."""
    models = {model.name: model for model in board.data.models}
    entries = [entry for entry in board.entries if not entry.local]
    known = [change for entry in entries for change in _of_entry(site, board, entry, models[entry.name])]
    known.sort(key=lambda each: (_ORDER.index(each.kind), each.model, each.seed or 0))
    return sorted(known, key=lambda each: each.date or "", reverse=True)


def _of_entry(site: Site, board: SuiteBoard, entry: Entry, model: ModelData) -> Iterator[Change]:
    yield Change("added", site.first_date(entry.name, board.suite.name), entry.name)
    by_date: dict[str | None, list[Change]] = {}
    for change in _superseded(site, board, entry, model):
        by_date.setdefault(change.date, []).append(change)
    for date, group in by_date.items():
        yield from group
        before, now = _position(board, model, group), _position(board, model, [])
        if before is not None and before != now:
            yield Change("moved", date, entry.name, position_before=before, position_now=now)


def _superseded(site: Site, board: SuiteBoard, entry: Entry, model: ModelData) -> Iterator[Change]:
    """Each replaced run once: of the records that hold it, the one that was replaced for its sake."""
    today = {_run(result) for record in entry.records for result in record.tasks.values()}
    known: dict[tuple[str, tuple[str, float | None] | None], Change] = {}
    for replaced in sorted(
        _replaced(board, entry), key=lambda each: (site.dates.get(each.path, ""), each.path)
    ):
        for task, result in replaced.record.tasks.items():
            run = _run(result)
            if run is None or run in today or task not in model.tasks:
                continue
            reason = replaced.reasons.get(task, "")
            if reason or (task, run) not in known:
                now = _optimalities(model, task).get(replaced.seed)
                date, was = site.dates.get(replaced.path), result.optimality.value
                known[task, run] = Change(
                    "superseded", date, entry.name, replaced.seed, task, was, now, reason=reason
                )
    yield from known.values()


def _run(result: TaskResult) -> tuple[str, float | None] | None:
    """What tells a run from another: its weights, and what they were measured at."""
    return None if result.checkpoint is None else (result.checkpoint.sha256, result.optimality.value)


def _replaced(board: SuiteBoard, entry: Entry) -> Iterator[_Replaced]:
    if entry.submitted is not None:
        for was in entry.submitted.corrections:
            revision = (was.record.model.revision or "")[:12]
            results = f"submissions/{folder_name(entry.name)}/{RESULTS}/{SUPERSEDED}/{revision}"
            path = f"{results}/{record_file(f'{was.suite}-seed-{was.seed}')}"
            yield _Replaced(path, was.seed, was.record, dict.fromkeys(was.record.tasks, was.reason))
    elif entry.kind.shipped:
        folder = data_folder("submissions") / "reference" / SUPERSEDED
        name = entry.name.removeprefix(PREFIX)
        for file in sorted((folder / name).glob(f"{board.suite.name}-seed-*.json")):
            seed = re.match(rf"{re.escape(board.suite.name)}-seed-(\d+)(-|\.json$)", file.name)
            if seed is not None:
                record = load_record(file)
                reasons = _reasons(folder, f"{name}/{file.name}", record)
                path = f"submissions/reference/{SUPERSEDED}/{name}/{file.name}"
                yield _Replaced(path, int(seed[1]), record, reasons)


def _reasons(folder: Path, file: str, record: ResultRecord) -> dict[str, str]:
    """By task, what the table beside replaced records of references says of a file: its first cell has
    patterns of files, each with tasks behind it where it is for some alone."""
    readme = folder / "README.md"
    reasons: dict[str, str] = {}
    for line in readme.read_text(encoding="utf-8").splitlines() if readme.is_file() else ():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        for part in cells[0].split("; "):
            patterns = re.findall(r"`([^`]+\.json)`", part)
            if len(cells) == 3 and any(fnmatch(file, pattern) for pattern in patterns):
                named = [task for task in record.tasks if re.search(rf"\b{task}\b", part.rpartition("`")[2])]
                reasons |= dict.fromkeys(named or record.tasks, cells[2])
    return reasons


def _position(board: SuiteBoard, model: ModelData, replaced: list[Change]) -> int | None:
    """1 and the number of models with a higher mean optimality, some runs of this one's being others; None
    where one of its tasks has none."""
    own = _mean_optimality(board, model, replaced)
    if own is None:
        return None
    means = [_mean_optimality(board, other, []) for other in board.data.models if other.name != model.name]
    return 1 + sum(mean is not None and mean > own for mean in means)


def _mean_optimality(board: SuiteBoard, model: ModelData, replaced: list[Change]) -> float | None:
    means = []
    for task in board.suite.tasks:
        runs = _optimalities(model, task) if task in model.tasks else {}
        known = runs | {each.seed: each.before for each in replaced if each.task == task}
        values = [value for value in known.values() if value is not None]
        if not values:
            return None
        means.append(sum(values) / len(values))
    return sum(means) / len(means)


def _optimalities(model: ModelData, task: str) -> dict[int | None, float | None]:
    return {run.seed: run.optimality.value for run in model.tasks[task].training}
