"""Recorded results of the entries of boards, by training seed.

Each kind of entry says in which folder the results of a name are (`icl_bench.entries`): for a reference and a
submission `results/<suite>-seed-<n>.json` is what `icl-bench evaluate` gave.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np

from icl_bench.entries.base import EntryKind, entry_kinds
from icl_bench.errors import SpecError, UnknownNameError
from icl_bench.records.audit import check_of_suite
from icl_bench.records.read import load_record
from icl_bench.records.record_files import RESULTS, recorded_files
from icl_bench.resources import data_folder
from icl_bench.scoring.scores import PromptErrors
from icl_bench.specs.loops import split_loops
from icl_bench.specs.result import ResultRecord, TaskResult
from icl_bench.suites import Suite

Runs = dict[str, dict[int, PromptErrors]]  # by task and training seed


def board_records(name: str, suite: Suite, root: Path | None = None) -> dict[int, ResultRecord]:
    """The recorded results of a row of a board, `reference/NAME` or `user/model`, by seed.

    Empty where nothing is recorded of it, as of a model with another number of loops than its checkpoints.
    `root` is the folder of the submissions, by default this installation's. UnknownNameError where there is
    no such reference; SpecError where a file is no record, or one of another model or seed; InputError where
    it is of another suite.
    """
    root = root or data_folder("submissions")
    if split_loops(name)[1] is not None:
        return {}
    for kind in entry_kinds():
        if kind.recognises(name) and (folder := kind.recorded_in(name, root)) is not None:
            known = kind.known(suite)
            if known and name not in known:
                raise UnknownNameError("model", name, known)
            return _read(kind, name, folder, suite)
    return {}


def all_records(name: str, suite: Suite, root: Path | None = None) -> list[ResultRecord]:
    """The same by seed, then those of tasks that the suite lists and other suites own."""
    records = board_records(name, suite, root)
    return [*records.values(), *borrowed_records(name, records, suite, root)]


def borrowed_records(
    name: str, records: Mapping[int, ResultRecord], suite: Suite, root: Path | None = None
) -> list[ResultRecord]:
    """What is recorded, on the suites that own them, of tasks that a suite lists and that `records` lack."""
    borrowed = []
    for home in {home.name: home for home in suite.homes.values()}.values():
        for seed, record in board_records(name, home, root).items():
            known = records[seed].tasks if seed in records else {}
            tasks = {
                task: result
                for task, result in record.tasks.items()
                if suite.homes.get(task) == home and task not in known
            }
            if tasks:
                borrowed.append(record.model_copy(update={"tasks": tasks, "missing": {}}))
    return borrowed


def runs_of(records: Sequence[ResultRecord]) -> Runs:
    """The errors of every run of a model, by task and training seed, in the order of its records.

    A run whose seed is not recorded has the lowest free number.
    """
    return _columns(records, lambda result: result.prompt_errors)


def values_of(records: Sequence[ResultRecord]) -> dict[str, Runs]:
    """By metric with values of its own, those of every run, as `runs_of`."""
    names = {name for record in records for result in record.tasks.values() for name in result.prompt_values}
    return {name: _columns(records, partial(_values, name)) for name in names}


def _values(metric: str, result: TaskResult) -> list[float] | None:
    return result.prompt_values.get(metric)


def _columns(records: Sequence[ResultRecord], column: Callable[[TaskResult], list[float] | None]) -> Runs:
    runs: Runs = {}
    seeds: dict[str, set[int]] = {}
    for record in records:
        for task, result in record.tasks.items():
            known, seed = seeds.setdefault(task, set()), result.seed
            if seed is None or seed in known:
                seed = next(number for number in count() if number not in known)
            known.add(seed)
            values = column(result)
            if values is not None:
                runs.setdefault(task, {})[seed] = np.array(values)
    return runs


def _read(kind: EntryKind, name: str, folder: Path, suite: Suite) -> dict[int, ResultRecord]:
    files = {file.seed: file.path for file in recorded_files(folder / RESULTS) if file.suite == suite.name}
    records = {}
    for seed, path in files.items():
        records[seed] = load_record(path)
        check_of_suite(records[seed], suite, str(path))
        fault = kind.record_fault(records[seed], name, seed)
        if fault:
            raise SpecError(f"{path}: {fault}", code="other-place")
    return records
