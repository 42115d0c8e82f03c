"""Recorded results of the board's models, by training seed.

`submissions/reference/<name>/results/` holds what `icl-bench evaluate` wrote of a reference,
`submissions/<owner>__<model>/results/` what evaluating a submission gave.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import count
from pathlib import Path

import numpy as np

from icl_bench.errors import SpecError
from icl_bench.models.reference import PREFIX, check_reference, reference_folder
from icl_bench.records.audit import check_of_suite
from icl_bench.records.read import load_record
from icl_bench.records.record_files import RESULTS, recorded_files
from icl_bench.resources import data_folder
from icl_bench.scoring.scores import PromptErrors
from icl_bench.specs.result import ResultRecord
from icl_bench.specs.submission import folder_name, model_fault
from icl_bench.suites import Suite


def reference_records(name: str, suite: Suite) -> list[ResultRecord]:
    """The recorded results of a reference on a suite, by seed, then those of tasks that other suites own.

    SpecError where a file is no record, or one of another architecture or seed; InputError where it is of
    another suite.
    """
    records = _of_reference(name, suite)
    return [*records.values(), *borrowed_records(records, suite, lambda home: _of_reference(name, home))]


def borrowed_records(
    records: Mapping[int, ResultRecord],
    suite: Suite,
    recorded: Callable[[Suite], Mapping[int, ResultRecord]],
) -> list[ResultRecord]:
    """What is recorded, on the suites that own them, of tasks that a suite lists and that `records` lack.

    recorded: the records of the same model on another suite, by seed.
    """
    borrowed = []
    for home in {home.name: home for home in suite.homes.values()}.values():
        for seed, record in recorded(home).items():
            known = records[seed].tasks if seed in records else {}
            tasks = {
                task: result
                for task, result in record.tasks.items()
                if suite.homes.get(task) == home and task not in known
            }
            if tasks:
                borrowed.append(record.model_copy(update={"tasks": tasks, "missing": {}}))
    return borrowed


def submitted_records(model: str, suite: Suite, root: Path | None = None) -> dict[int, ResultRecord]:
    """The recorded results of a submitted `user/model` on a suite, by seed; empty where there are none.

    `root` is the folder of the submissions, by default this installation's. SpecError where a file is no
    record, or one of another model; InputError where it is of another suite.
    """
    if model_fault(model):
        return {}
    found = {}
    folder = (root or data_folder("submissions")) / folder_name(model)
    for seed, path in _seed_files(folder / RESULTS, suite).items():
        found[seed] = load_record(path)
        check_of_suite(found[seed], suite, str(path))
        if found[seed].model.id != model:
            raise SpecError(f"{path} is of {found[seed].model.id}, not of {model}; restore the file")
    return found


def board_records(model: str, suite: Suite) -> dict[int, ResultRecord]:
    """The recorded results of a row of a board, `reference/NAME` or `user/model`, by seed; as these are read.

    Empty where nothing is recorded of it; UnknownNameError where there is no such reference.
    """
    if not model.startswith(PREFIX):
        return submitted_records(model, suite)
    check_reference(model.removeprefix(PREFIX), suite)
    return _of_reference(model.removeprefix(PREFIX), suite)


def _of_reference(name: str, suite: Suite) -> dict[int, ResultRecord]:
    files = _seed_files(reference_folder(name) / RESULTS, suite)
    return {seed: _checked(path, name, seed, suite) for seed, path in files.items()}


def _seed_files(results: Path, suite: Suite) -> dict[int, Path]:
    """The record files of a suite by seed; those on fresh prompts are others."""
    return {file.seed: file.path for file in recorded_files(results) if file.suite == suite.name}


def _checked(path: Path, name: str, seed: int, suite: Suite) -> ResultRecord:
    record = load_record(path)
    check_of_suite(record, suite, str(path))
    for task, result in record.tasks.items():
        told = result.checkpoint
        if told is None or told.spec.get("name") != name or result.seed != seed:
            raise SpecError(
                f"{path}: tasks.{task} is not of {name} trained with seed {seed}; evaluate it again"
            )
    return record


def recorded_runs(model: str, suite: Suite, tasks: Collection[str]) -> dict[str, dict[int, PromptErrors]]:
    """The errors of a reference's recorded runs, called as `reference/llama`, by task and seed."""
    runs = runs_of(reference_records(model.removeprefix(PREFIX), suite))
    return {task: by_seed for task, by_seed in runs.items() if task in tasks}


def runs_of(records: Sequence[ResultRecord]) -> dict[str, dict[int, PromptErrors]]:
    """The errors of every run of a model, by task and training seed, in the order of its records.

    A run that does not tell its seed has the lowest number that is free.
    """
    runs: dict[str, dict[int, PromptErrors]] = {}
    for record in records:
        for task, result in record.tasks.items():
            known = runs.setdefault(task, {})
            seed = result.seed
            if seed is None or seed in known:
                seed = next(number for number in count() if number not in known)
            known[seed] = np.array(result.prompt_errors)
    return runs
