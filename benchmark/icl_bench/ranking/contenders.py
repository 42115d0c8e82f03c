"""What models are compared by: errors from records, from a suite's frozen errors, or evaluated now."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from icl_bench.entries.base import Source
from icl_bench.entries.open import kind_of, open_source
from icl_bench.errors import InputError
from icl_bench.evaluation.run import evaluate_source
from icl_bench.frozen.errors import load_errors
from icl_bench.frozen.freeze import serving_baselines
from icl_bench.predictor import BASELINE_PREFIX
from icl_bench.ranking.resampled import Contender
from icl_bench.records.audit import check_of_suite
from icl_bench.records.read import load_record
from icl_bench.records.store import Runs, all_records, runs_of, values_of
from icl_bench.specs.result import ResultRecord
from icl_bench.suites import Suite

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
    return [evaluate(progress) for evaluate in opened]


def _open(model: ComparedModel, suite: Suite, tasks: Sequence[str], device: str | None) -> _Opened:
    if isinstance(model, ResultRecord):
        return _open_record(model, suite, tasks, f"the record of {model.model.id}")
    name = str(model)
    path = os.path.expanduser(name)
    if os.path.isfile(path) or (name.endswith(".json") and not os.path.isdir(path)):
        return _open_record(load_record(path), suite, tasks, name)
    if name.startswith(BASELINE_PREFIX):
        return _open_baseline(name, suite, tasks)
    recorded = contender(name, [] if os.path.isdir(path) else all_records(name, suite), tasks)
    left = [task for task in tasks if task not in recorded.runs]
    if recorded.runs and (not left or kind_of(name, suite).remote):
        return lambda progress: recorded
    source = open_source(name, suite, None, device, tasks)
    return lambda progress: _evaluate(source, suite, left, recorded, progress)


def _open_record(record: ResultRecord, suite: Suite, tasks: Sequence[str], source: str) -> _Opened:
    check_of_suite(record, suite, source)
    return lambda progress: contender(record.model.id, [record], tasks)


def _open_baseline(name: str, suite: Suite, tasks: Sequence[str]) -> _Opened:
    source = open_source(name, suite, tasks=tasks)
    baseline = name.removeprefix(BASELINE_PREFIX)
    serving = serving_baselines(suite, tasks, [baseline])[baseline]
    if not serving:
        raise InputError(
            f"baseline {baseline} serves none of {', '.join(tasks)}; name another", code="serves-none"
        )
    loaded = {task: load_errors(suite, task, baseline) for task in serving}
    runs = {task: {0: errors.errors} for task, errors in loaded.items() if errors is not None}
    frozen = Contender(name, runs)
    left = [task for task in serving if task not in runs]
    return lambda progress: _evaluate(source, suite, left, frozen, progress)


def contender(name: str, records: Sequence[ResultRecord], tasks: Sequence[str] | None = None) -> Contender:
    """A model by its records, of some tasks or of all."""

    def chosen(runs: Runs) -> Runs:
        return {task: by_seed for task, by_seed in runs.items() if tasks is None or task in tasks}

    values = {metric: chosen(runs) for metric, runs in values_of(records).items()}
    return Contender(name, chosen(runs_of(records)), values)


def _evaluate(
    source: Source, suite: Suite, tasks: Sequence[str], known: Contender, progress: bool
) -> Contender:
    """The runs that are known, and one of each task that is left."""
    name = source.identity.id
    if not tasks:
        return Contender(name, known.runs, known.values)
    new = contender(name, [evaluate_source(source, suite, tasks, progress)], tasks)
    values = {metric: {**known.values.get(metric, {}), **runs} for metric, runs in new.values.items()}
    return Contender(name, {**known.runs, **new.runs}, {**known.values, **values})
