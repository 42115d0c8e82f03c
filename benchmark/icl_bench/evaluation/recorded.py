"""Recorded results of the reference models.

`submissions/reference/<name>/results/<suite>-seed-<n>.json` is what `icl-bench evaluate` wrote of one seed.
"""

from collections.abc import Collection

import numpy as np

from icl_bench.evaluation.record import load_record
from icl_bench.evaluation.sampled import Errors
from icl_bench.models.reference import PREFIX, reference_folder
from icl_bench.specs.result import ResultRecord
from icl_bench.suites import Suite


def reference_records(name: str, suite: str) -> list[ResultRecord]:
    """The recorded results of a reference on a suite, by seed; SpecError where a file is no record."""
    files = (reference_folder(name) / "results").glob(f"{suite}-seed-*.json")
    return [load_record(path) for path in sorted(files, key=lambda path: (len(path.name), path.name))]


def recorded_runs(model: str, suite: Suite, tasks: Collection[str]) -> dict[str, list[Errors]]:
    """The errors of a reference's recorded runs, called as `reference/llama`, by task; those of one task are
    in the order of their seeds."""
    runs: dict[str, list[Errors]] = {}
    for record in reference_records(model.removeprefix(PREFIX), suite.name):
        for task, result in record.tasks.items():
            if task in tasks:
                runs.setdefault(task, []).append(np.array(result.prompt_errors))
    return runs
