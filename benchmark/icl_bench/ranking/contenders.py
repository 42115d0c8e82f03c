"""What models are compared by: errors from records, from a suite's frozen errors, or evaluated now."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

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
_Opened = Callable[[bool], Contender]  # gives the errors; evaluates, where it has to, with progress or not
ComparedModel = str | Path | ResultRecord  # a name, the file of a record, or the record


def contenders(
    models: Sequence[ComparedModel],
    suite: Suite,
    tasks: Sequence[str],
    device: str | None = None,
    progress: bool = False,
) -> list[Contender]:
    """The errors of models, each given by its name, by a record, or by the file of one.

    Of a baseline that is frozen on a task, the frozen errors; of a reference or a submission on the board,
    its recorded runs, all seeds; everything else is evaluated, checkpoints on the device. All are opened
    before the first is evaluated.
    InputError where the device cannot be used, or a record is not of the suite; further errors as
    `icl_bench.evaluation.run.evaluate` has them.
    """
    if device not in (None, "cpu"):
        from icl_bench.models.device import usable_device  # imports torch, which baselines do not need

        usable_device(device)
    opened = [_open(model, suite, tasks, device) for model in models]
    return [contender(progress) for contender in opened]


def _open(model: ComparedModel, suite: Suite, tasks: Sequence[str], device: str | None) -> _Opened:
    if isinstance(model, ResultRecord):
        return _open_record(model, suite, tasks, f"the record of {model.model.id}")
    name = str(model)
    path = os.path.expanduser(name)
    if os.path.isfile(path) or (name.endswith(".json") and not os.path.isdir(path)):
        return _open_record(load_record(path), suite, tasks, name)
    if name.startswith(BASELINE_PREFIX):
        return _open_baseline(name, suite, tasks)
    submitted = [] if os.path.isdir(path) else list(submitted_records(name, suite).values())
    if submitted:
        return lambda progress: Contender(name, _runs_on(submitted, tasks))
    source = open_source(name, suite, None, device, tasks)
    recorded = recorded_runs(name, suite, tasks) if name.startswith(PREFIX) else {}
    left = [task for task in tasks if task not in recorded]
    return lambda progress: _evaluate(source, suite, left, recorded, progress)


def _open_record(record: ResultRecord, suite: Suite, tasks: Sequence[str], source: str) -> _Opened:
    check_of_suite(record, suite, source)
    return lambda progress: Contender(record.model.id, _runs_on([record], tasks))


def _open_baseline(name: str, suite: Suite, tasks: Sequence[str]) -> _Opened:
    source = open_source(name, suite, tasks=tasks)
    baseline = name.removeprefix(BASELINE_PREFIX)
    serving = serving_baselines(suite, tasks, [baseline])[baseline]
    if not serving:
        raise InputError(f"baseline {baseline} serves none of {', '.join(tasks)}; name another")
    loaded = {task: load_errors(suite, task, baseline) for task in serving}
    frozen = {task: {0: errors.errors} for task, errors in loaded.items() if errors is not None}
    left = [task for task in serving if task not in frozen]
    return lambda progress: _evaluate(source, suite, left, frozen, progress)


def _evaluate(source: Source, suite: Suite, tasks: Sequence[str], known: _Runs, progress: bool) -> Contender:
    """The runs that are known, and one of each task that is left."""
    if not tasks:
        return Contender(source.identity.id, known)
    record = evaluate_source(source, suite, tasks, progress)
    return Contender(source.identity.id, known | _runs_on([record], tasks))


def _runs_on(records: Sequence[ResultRecord], tasks: Sequence[str]) -> _Runs:
    return {task: by_seed for task, by_seed in runs_of(records).items() if task in tasks}
