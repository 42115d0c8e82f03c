"""What two models are compared by: errors from a record, from a suite's frozen errors, or evaluated now."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from icl_bench.baselines.base import BASELINES
from icl_bench.errors import InputError
from icl_bench.evaluation.compare import Contender
from icl_bench.evaluation.record import load_record
from icl_bench.evaluation.runner import evaluate_source
from icl_bench.evaluation.sources import BASELINE_PREFIX, open_source
from icl_bench.specs.result import ResultRecord
from icl_bench.suites import Suite
from icl_bench.suites.frozen_errors import load_errors


def contender(name: str, suite: Suite, tasks: Sequence[str], device: str | None = None) -> Contender:
    """The errors of a model, by its name or by a file that `icl-bench evaluate` wrote.

    Of a baseline that is frozen on a task, the frozen errors; everything else is evaluated. InputError where
    a record is of another suite; further errors as `icl_bench.evaluation.runner.evaluate` has them.
    """
    path = Path(name).expanduser()
    if path.is_file():
        record = load_record(path)
        if record.suite.name != suite.name:
            raise InputError(f"{name} is a record of {record.suite.name}, not of {suite.name}; give --suite")
        return _of_record(record, tasks)
    frozen = _frozen(name, suite, tasks)
    left = [task for task in tasks if task not in frozen]
    if frozen and not any(_serves(name, suite, task) for task in left):
        return Contender(name, frozen)
    record = evaluate_source(open_source(name, suite, None, device, left), suite, left, progress=True)
    return Contender(record.model.id, frozen | dict(_of_record(record, left).errors))


def _of_record(record: ResultRecord, tasks: Sequence[str]) -> Contender:
    found = {name: np.array(task.prompt_errors) for name, task in record.tasks.items() if name in tasks}
    return Contender(record.model.id, found)


def _frozen(name: str, suite: Suite, tasks: Sequence[str]) -> dict[str, np.ndarray]:
    baseline = name.removeprefix(BASELINE_PREFIX)
    if not name.startswith(BASELINE_PREFIX) or baseline not in BASELINES.entries():
        return {}
    found = {task: load_errors(suite, task, baseline) for task in tasks}
    return {task: errors.errors for task, errors in found.items() if errors is not None}


def _serves(name: str, suite: Suite, task: str) -> bool:
    try:
        BASELINES.entries()[name.removeprefix(BASELINE_PREFIX)].for_task(suite.task(task))
    except InputError:
        return False
    return True
