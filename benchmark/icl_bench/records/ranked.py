"""What a submitted model is ranked by: its errors on fresh prompts, which nobody could train on.

A submission is scored on the frozen prompts and on as many that are drawn from the commit that merged it
(`icl_bench.evaluation.fresh`). The frozen ones are public, so a board ranks it by the others, wherever every
run of a task has them; prompts of its own would make it incomparable, so what made them harder or easier than
the frozen ones is taken out (`icl_bench.evaluation.gaps.errors_by_fresh`). References, which are trained here
on a stream apart, stand on the frozen prompts.
"""

from collections.abc import Mapping
from pathlib import Path

from icl_bench.entries.base import entry_kinds
from icl_bench.errors import SpecError
from icl_bench.evaluation.fresh import load_fresh_record, recorded_errors_by_fresh
from icl_bench.records.record_files import RESULTS, recorded_files
from icl_bench.records.store import board_records, borrowed_records
from icl_bench.resources import data_folder
from icl_bench.specs.fresh import FreshRecord, FreshTask
from icl_bench.specs.result import ResultRecord, TaskResult
from icl_bench.suites import Suite

Records = Mapping[int, ResultRecord]  # by seed


def fresh_records(
    name: str, records: Records, suite: Suite, root: Path | None = None
) -> dict[int, FreshRecord]:
    """What is recorded of a submission's runs on fresh prompts, by seed.

    SpecError where a file is no such record, or one of another revision than the record beside it.
    """
    root = root or data_folder("submissions")
    folders = [kind.recorded_in(name, root) for kind in entry_kinds() if kind.recognises(name)]
    fresh = {}
    for folder in (folder for folder in folders if folder is not None):
        for file in recorded_files(folder / RESULTS, fresh=True):
            if file.suite != suite.name or file.seed not in records:
                continue
            fresh[file.seed] = load_fresh_record(file.path)
            if fresh[file.seed].model != records[file.seed].model:
                raise SpecError(
                    f"{file.path} is not of the record beside it; restore the file", code="other-record"
                )
    return fresh


def ranked_on_fresh(records: Records, fresh: Mapping[int, FreshRecord]) -> set[str]:
    """The tasks of which every run has errors on fresh prompts, as many as on frozen ones."""
    tasks = {task for record in records.values() for task in record.tasks}
    lacking = {
        task
        for seed, record in records.items()
        for task, result in record.tasks.items()
        if not _is_whole(result, fresh[seed].tasks.get(task) if seed in fresh else None)
    }
    return tasks - lacking


def ranked_records(
    records: Records, fresh: Mapping[int, FreshRecord], suite: Suite
) -> dict[int, ResultRecord]:
    """The records, with the errors by which a board ranks in place of those on frozen prompts."""
    on_fresh = ranked_on_fresh(records, fresh)

    def ranked(seed: int, task: str, result: TaskResult) -> TaskResult:
        if task not in on_fresh:
            return result
        errors = recorded_errors_by_fresh(suite, task, fresh[seed].tasks[task])
        return result.model_copy(update={"prompt_errors": errors.tolist()})

    return {
        seed: record.model_copy(
            update={"tasks": {task: ranked(seed, task, result) for task, result in record.tasks.items()}}
        )
        for seed, record in records.items()
    }


def all_ranked_records(name: str, suite: Suite, root: Path | None = None) -> list[ResultRecord]:
    """Those of a row of a board by seed, then those of tasks that the suite lists and other suites own."""
    records = board_records(name, suite, root)
    ranked = ranked_records(records, fresh_records(name, records, suite, root), suite)
    return [*ranked.values(), *borrowed_records(name, records, suite, root)]


def _is_whole(result: TaskResult, fresh: FreshTask | None) -> bool:
    """Whether there are errors on fresh prompts of the same weights, as many as on frozen ones."""
    return (
        fresh is not None
        and result.weights is not None
        and fresh.sha256 == result.weights.sha256
        and fresh.prompts == len(result.prompt_errors)
    )
