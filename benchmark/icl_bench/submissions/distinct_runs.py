"""Runs of a submission are separate trainings: one training that is listed twice would count as two seeds.

The schema refuses a file that stands in two runs. Here the values of the weights are compared, and what comes
of them: units of a layer in another order are the same model too.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

import numpy as np
from jaxtyping import Float

from icl_bench.errors import CheckError, CheckpointError
from icl_bench.models.fingerprint import tensor_fingerprints
from icl_bench.specs.result import ResultRecord

# Of the sum of errors over prompts: how far two evaluations of one training differ, by the order of sums. The
# two nearest references on mini-v1, which share a seed and have not learned parity, differ by 6e-4.
SAME_ERRORS = 1e-5


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
        first, second = (records[run] for run in pair)
        for task in _shared_tasks(first, second):
            errors = [np.array(record.tasks[task].prompt_errors) for record in (first, second)]
            if errors_agree(*errors):
                raise CheckError(
                    f"{' and '.join(pair)} have the same error on every prompt of {task}; every run is a "
                    "training of its own: list it once",
                    code="same-errors",
                )


def errors_agree(first: Float[np.ndarray, " prompts"], second: Float[np.ndarray, " prompts"]) -> bool:
    """Whether two evaluations are of one training, as far as their errors show."""
    return bool(np.abs(first - second).sum() < SAME_ERRORS * np.maximum(first, second).sum())


def _shared_tasks(first: ResultRecord, second: ResultRecord) -> Iterator[str]:
    if first.suite.name == second.suite.name:
        for task, result in first.tasks.items():
            if task in second.tasks and second.tasks[task].prompts == result.prompts:
                yield task


def _for(task: str) -> str:
    return f" for {task}" if task else ""
