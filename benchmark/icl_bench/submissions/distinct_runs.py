"""Runs of a submission are separate trainings: one training that is listed twice would count as two seeds.

The schema refuses a file that stands in two runs. Here the values of the weights are compared, and what comes
of them: units of a layer in another order are the same model too.
"""

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

from icl_bench.errors import CheckError, CheckpointError
from icl_bench.models.fingerprint import tensor_fingerprints
from icl_bench.records.same_run import same_errors
from icl_bench.specs.result import ResultRecord


def check_weights_differ(weights: Mapping[str, Mapping[str, Path]]) -> None:
    """CheckpointError where two runs, by name, have the same weights for a task; files are given by task."""
    known: dict[tuple[str, str], str] = {}
    for run, files in weights.items():
        for task, path in files.items():
            for fingerprint in tensor_fingerprints(path):
                other = known.setdefault((task, fingerprint), run)
                if other != run:
                    raise CheckpointError(
                        f"{other} and {run} have the same weights{_for(task)}, whatever their files hold "
                        "besides; every run is a training of its own: list it once",
                        code="same-weights",
                    )


def check_errors_differ(records: Mapping[str, ResultRecord]) -> None:
    """CheckError where the records of two runs on one suite, by name, have the same errors on a task."""
    for pair in combinations(records, 2):
        task = same_errors(*(records[run] for run in pair))
        if task is not None:
            raise CheckError(
                f"{' and '.join(pair)} have the same error on every prompt of {task}; every run is a "
                "training of its own: list it once",
                code="same-errors",
            )


def _for(task: str) -> str:
    return f" for {task}" if task else ""
