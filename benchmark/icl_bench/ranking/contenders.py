"""What models are compared by: errors from records, from a suite's frozen errors, or evaluated now."""

import os
from collections.abc import Callable, Sequence

from icl_bench.errors import InputError
from icl_bench.evaluation.run import evaluate_source
from icl_bench.evaluation.sources import BASELINE_PREFIX, Source, open_source
from icl_bench.frozen.errors import load_errors
from icl_bench.frozen.freeze import serving_baselines
from icl_bench.models.reference import PREFIX
from icl_bench.ranking.resampled import Contender
from icl_bench.records.audit import check_of_suite
from icl_bench.records.read import load_record
from icl_bench.records.store import recorded_runs, runs_of, submitted_records
from icl_bench.scoring.scores import PromptErrors
from icl_bench.specs.result import ResultRecord
from icl_bench.suites import Suite

_Runs = dict[str, dict[int, PromptErrors]]  # by task and seed


def contenders(
    names: Sequence[str], suite: Suite, tasks: Sequence[str], device: str | None = None
) -> list[Contender]:
    """The errors of models, each by its name or by a file that `icl-bench evaluate` wrote.

    Of a baseline that is frozen on a task, the frozen errors; of a reference or a submission on the board,
    its recorded runs, all seeds; everything else is evaluated, checkpoints on the device. All are opened
    before the first is evaluated.
    InputError where the device cannot be used, or a record is not of the suite; further errors as
    `icl_bench.evaluation.run.evaluate` has them.
    """
    if device not in (None, "cpu"):
        from icl_bench.models.device import usable_device  # imports torch, which baselines do not need

        usable_device(device)
    opened = [_opened(name, suite, tasks, device) for name in names]
    return [errors() for errors in opened]


def _opened(name: str, suite: Suite, tasks: Sequence[str], device: str | None) -> Callable[[], Contender]:
    """What gives the errors, once the name is known to be one."""
    path = os.path.expanduser(name)
    if os.path.isfile(path) or (name.endswith(".json") and not os.path.isdir(path)):
        record = load_record(path)
        check_of_suite(record, suite, name)
        return lambda: Contender(record.model.id, _of([record], tasks))
    if name.startswith(BASELINE_PREFIX):
        return _opened_baseline(name, suite, tasks)
    submitted = [] if os.path.isdir(path) else list(submitted_records(name, suite).values())
    if submitted:
        return lambda: Contender(name, _of(submitted, tasks))
    source = open_source(name, suite, None, device, tasks)
    recorded = recorded_runs(name, suite, tasks) if name.startswith(PREFIX) else {}
    left = [task for task in tasks if task not in recorded]
    return lambda: _evaluated(source, suite, left, recorded)


def _opened_baseline(name: str, suite: Suite, tasks: Sequence[str]) -> Callable[[], Contender]:
    source = open_source(name, suite, tasks=tasks)
    baseline = name.removeprefix(BASELINE_PREFIX)
    serving = serving_baselines(suite, tasks, [baseline])[baseline]
    if not serving:
        raise InputError(f"baseline {baseline} serves none of {', '.join(tasks)}; name another")
    loaded = {task: load_errors(suite, task, baseline) for task in serving}
    frozen = {task: {0: errors.errors} for task, errors in loaded.items() if errors is not None}
    left = [task for task in serving if task not in frozen]
    return lambda: _evaluated(source, suite, left, frozen)


def _evaluated(source: Source, suite: Suite, tasks: Sequence[str], known: _Runs) -> Contender:
    """The runs that are known, and one of each task that is left."""
    if not tasks:
        return Contender(source.identity.id, known)
    record = evaluate_source(source, suite, tasks, progress=True)
    return Contender(source.identity.id, known | _of([record], tasks))


def _of(records: Sequence[ResultRecord], tasks: Sequence[str]) -> _Runs:
    return {task: by_seed for task, by_seed in runs_of(records).items() if task in tasks}
