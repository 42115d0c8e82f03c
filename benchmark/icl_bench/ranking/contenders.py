"""What models are compared by: errors from records, from a suite's frozen errors, or evaluated now."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from icl_bench.entries.base import Source, entry_kinds
from icl_bench.entries.open import kind_of, open_source
from icl_bench.errors import InputError
from icl_bench.evaluation.doubts import not_answering, worse_on_fresh
from icl_bench.evaluation.run import evaluate_source
from icl_bench.evaluation.seeds import holds_seeds, open_seeds
from icl_bench.frozen.errors import BaselineErrors, load_errors
from icl_bench.frozen.freeze import serving_baselines
from icl_bench.models.shipped import suite_models
from icl_bench.predictor import BASELINE_PREFIX
from icl_bench.ranking.resampled import Contender
from icl_bench.records.audit import check_of_suite
from icl_bench.records.pooled import pooled
from icl_bench.records.ranked import all_ranked_records
from icl_bench.records.read import load_record
from icl_bench.records.store import Runs, all_records, runs_of, values_of
from icl_bench.specs.loops import split_loops
from icl_bench.specs.result import ResultRecord
from icl_bench.suites import Suite

_Opened = Callable[[bool], Contender]  # gives the errors; evaluates, where it has to, with progress or not
_OpenedRecords = Callable[[bool], list[tuple[str, ResultRecord]]]  # with what messages call them
_OneModel = str | Path | ResultRecord  # a name, the file of a record, a folder, or the record
ComparedModel = _OneModel | Sequence[_OneModel]  # several: records of one model


def contenders(
    models: Sequence[ComparedModel],
    suite: Suite,
    tasks: Sequence[str],
    device: str | None = None,
    progress: bool = False,
) -> list[Contender]:
    """The errors of models, each given by its name, by a record, by the file of one, or by several of these.

    Of a baseline that is frozen on a task, the frozen errors; of a reference or a submission on the board,
    its recorded runs, all seeds, those of a submission on fresh prompts; everything else is evaluated,
    checkpoints on the device, each seed of a folder that holds several. Records and folders that are given
    together are runs of one model. All are opened before the first is evaluated. Models of one name are told
    apart by their seeds, or by where the paths differ that they were given by.
    InputError where the device cannot be used, a record is not of the suite, or several are not of one model;
    further errors as `icl_bench.evaluation.run.evaluate` has them.
    """
    if device not in (None, "cpu"):
        from icl_bench.models.device import usable_device  # imports torch, which baselines do not need

        usable_device(device)
    opened = [_open(model, suite, tasks, device) for model in models]
    done = [evaluate(progress) for evaluate in opened]
    names = distinct_names(done, [_source(model) for model in models])
    return [replace(model, name=name) for model, name in zip(done, names, strict=True)]


def _source(model: ComparedModel) -> str:
    """The names and paths that one side is given by."""
    return ", ".join(str(part) for part in _parts(model) if not isinstance(part, ResultRecord))


def _parts(model: ComparedModel) -> Sequence[_OneModel]:
    """What one side of a comparison is given by: text with commas holds several, unless it is a path."""
    if isinstance(model, str) and "," in model and not os.path.exists(os.path.expanduser(model)):
        return [part.strip() for part in model.split(",") if part.strip()]
    return [model] if isinstance(model, _OneModel) else model


def _open(model: ComparedModel, suite: Suite, tasks: Sequence[str], device: str | None) -> _Opened:
    parts = _parts(model)
    opened = [_open_records(part, suite, tasks, device) for part in parts]
    if len(parts) == 1 and opened[0] is None:
        return _open_named(str(parts[0]), suite, tasks, device)
    named = [str(part) for part, records in zip(parts, opened, strict=True) if records is None]
    if named or not parts:
        raise InputError(
            f"{named[0] if named else 'nothing'} stands among the records of a side; give records or folders "
            "of one model there, or one name alone",
            code="no-record",
        )
    return lambda progress: _pooled(
        [pair for each in opened if each for pair in each(progress)], suite, tasks
    )


def _open_records(
    model: _OneModel, suite: Suite, tasks: Sequence[str], device: str | None
) -> _OpenedRecords | None:
    """Of a record, a file or a folder; None for any other name."""
    if isinstance(model, ResultRecord):
        return _known_record(model, suite, f"the record of {model.model.id}")
    name = str(model)
    path = os.path.expanduser(name)
    is_folder = os.path.isdir(os.path.expanduser(split_loops(name)[0]))
    if os.path.isfile(path) or (name.endswith(".json") and not is_folder):
        return _known_record(load_record(path), suite, name)
    if not is_folder or kind_of(name, suite).type != "folder":
        return None
    if holds_seeds(name, suite):
        sources = [*open_seeds(name, suite, tasks, device).sources.values()]
    else:
        sources = [open_source(name, suite, None, device, tasks)]
    return lambda progress: [
        (source.identity.id, evaluate_source(source, suite, tasks, progress)) for source in sources
    ]


def _known_record(record: ResultRecord, suite: Suite, source: str) -> _OpenedRecords:
    check_of_suite(record, suite, source)
    return lambda progress: [(source, record)]


def _pooled(records: Sequence[tuple[str, ResultRecord]], suite: Suite, tasks: Sequence[str]) -> Contender:
    by_name = pooled(records, suite)
    if len(by_name) > 1:
        raise InputError(
            f"one side holds records of several models, {', '.join(by_name)}; give those of one on each side",
            code="several-models",
        )
    ((name, runs),) = by_name.items()
    return contender(name, runs, tasks)


def _open_named(name: str, suite: Suite, tasks: Sequence[str], device: str | None) -> _Opened:
    if name.startswith(BASELINE_PREFIX):
        return _open_baseline(name, suite, tasks)
    records = all_ranked_records(name, suite)
    recorded = contender(name, records, tasks)
    unanswered = {task for record in records for task in record.missing}  # and not evaluated in vain
    left = [task for task in tasks if task not in recorded.runs and task not in unanswered]
    if recorded.runs and (not left or kind_of(name, suite).remote):
        return lambda progress: recorded
    source = open_source(name, suite, None, device, tasks)
    return lambda progress: _evaluate(source, suite, left, recorded, progress)


def several_runs(suite: Suite, compared: Iterable[Contender]) -> list[Contender]:
    """The shipped models recorded with several seeds, but for those that are compared themselves."""
    known = [errors for model in compared for runs in model.runs.values() for errors in runs.values()]
    models = []
    for name in suite_models(suite):
        records = all_records(name, suite)
        if len(records) > 1:
            models.append(contender(name, records))
    return [model for model in models if not _shares_a_run(model, known)]


def _shares_a_run(model: Contender, known: Sequence[np.ndarray]) -> bool:
    runs = (errors for by_seed in model.runs.values() for errors in by_seed.values())
    return any(np.array_equal(errors, other) for errors in runs for other in known)


def distinct_names(models: Sequence[Contender], sources: Sequence[str]) -> list[str]:
    """The names of models; those of equal names with their seeds, or else with what differs in `sources`."""
    names = [model.name for model in models]
    for name in {name for name in names if names.count(name) > 1}:
        places = [place for place, model in enumerate(models) if model.name == name]
        seeds = [_seeds_of(models[place]) for place in places]
        marks = seeds if len(set(seeds)) == len(seeds) else _differing([sources[place] for place in places])
        for place, mark in zip(places, marks, strict=True):
            names[place] = f"{name} ({mark})" if mark else name
    return names


def _seeds_of(model: Contender) -> str:
    seeds = sorted({seed for runs in model.runs.values() for seed in runs})
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"


def _differing(sources: Sequence[str]) -> list[str]:
    """Paths without the parts at their beginnings and ends that all share; empty where all are the same."""
    paths = [source.removesuffix(".json").split("/") for source in sources]
    for end in (0, -1):
        while all(paths) and len({path[end] for path in paths}) == 1:
            for path in paths:
                path.pop(end)
    whole = any(paths) and not all(paths)  # one lies within another
    return list(sources) if whole else ["/".join(path) for path in paths]


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
    frozen = Contender(name, runs, frozen_values(loaded))
    left = [task for task in serving if task not in runs]
    return lambda progress: _evaluate(source, suite, left, frozen, progress)


def frozen_values(errors: Mapping[str, BaselineErrors | None]) -> dict[str, Runs]:
    """By metric with values of its own, those of a baseline by task, given what is frozen of it."""
    values: dict[str, Runs] = {}
    for task, frozen in errors.items():
        for metric, column in frozen.values.items() if frozen is not None else ():
            values.setdefault(metric, {})[task] = {0: column}
    return values


def contender(name: str, records: Sequence[ResultRecord], tasks: Sequence[str] | None = None) -> Contender:
    """A model by its records, of some tasks or of all."""

    def chosen(runs: Runs) -> Runs:
        return {task: by_seed for task, by_seed in runs.items() if tasks is None or task in tasks}

    values = {metric: chosen(runs) for metric, runs in values_of(records).items()}
    without = {kind.type for kind in entry_kinds() if not kind.trained and not kind.own_code}
    trained = not all(record.model.kind in without for record in records)
    untold = all(record.model.kind == "callable" for record in records)
    doubts = [doubt for record in records for doubt in (*worse_on_fresh(record), *not_answering(record))]
    return Contender(name, chosen(runs_of(records)), values, None if untold else trained, doubts)


def _evaluate(
    source: Source, suite: Suite, tasks: Sequence[str], known: Contender, progress: bool
) -> Contender:
    """The runs that are known, and one of each task that is left."""
    name = source.identity.id
    if not tasks:
        return replace(known, name=name)
    new = contender(name, [evaluate_source(source, suite, tasks, progress)], tasks)
    values = {metric: {**known.values.get(metric, {}), **runs} for metric, runs in new.values.items()}
    return Contender(name, {**known.runs, **new.runs}, {**known.values, **values})
