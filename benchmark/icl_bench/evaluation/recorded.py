"""Recorded results of the reference models.

`submissions/reference/<name>/results/<suite>-seed-<n>.json` is what `icl-bench evaluate` wrote of one seed.
"""

from collections.abc import Collection, Sequence
from itertools import count
from pathlib import Path

import numpy as np

from icl_bench.errors import SpecError
from icl_bench.evaluation.record import check_of_suite, load_record
from icl_bench.evaluation.sampled import Errors
from icl_bench.models.reference import PREFIX, reference_folder
from icl_bench.specs.result import ResultRecord
from icl_bench.suites import Suite


def reference_records(name: str, suite: Suite) -> list[ResultRecord]:
    """The recorded results of a reference on a suite, by seed.

    SpecError where a file is no record, or one of another architecture or seed; InputError where it is of
    another suite.
    """
    files = (reference_folder(name) / "results").glob(f"{suite.name}-seed-*.json")
    return [
        _checked(path, name, suite) for path in sorted(files, key=lambda path: (len(path.name), path.name))
    ]


def _checked(path: Path, name: str, suite: Suite) -> ResultRecord:
    record = load_record(path)
    check_of_suite(record, suite, str(path))
    seed = path.stem.rpartition("-")[2]
    for task, result in record.tasks.items():
        told = result.checkpoint
        if told is None or told.spec.get("name") != name or str(result.seed) != seed:
            raise SpecError(
                f"{path}: tasks.{task} is not of {name} trained with seed {seed}; evaluate it again"
            )
    return record


def recorded_runs(model: str, suite: Suite, tasks: Collection[str]) -> dict[str, dict[int, Errors]]:
    """The errors of a reference's recorded runs, called as `reference/llama`, by task and seed."""
    runs = runs_of(reference_records(model.removeprefix(PREFIX), suite))
    return {task: by_seed for task, by_seed in runs.items() if task in tasks}


def runs_of(records: Sequence[ResultRecord]) -> dict[str, dict[int, Errors]]:
    """The errors of every run of a model, by task and training seed, in the order of its records.

    A run that does not tell its seed has the lowest number that is free.
    """
    runs: dict[str, dict[int, Errors]] = {}
    for record in records:
        for task, result in record.tasks.items():
            known = runs.setdefault(task, {})
            seed = result.seed
            if seed is None or seed in known:
                seed = next(number for number in count() if number not in known)
            known[seed] = np.array(result.prompt_errors)
    return runs
