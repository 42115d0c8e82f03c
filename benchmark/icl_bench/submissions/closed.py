"""Submissions that declare the closed division, held to its rule: `icl_bench.ranking.divisions`."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from icl_bench.errors import CheckpointError, SpecError
from icl_bench.ranking.divisions import REMEDY, ClosedDivision
from icl_bench.specs.checkpoint import CheckpointConfig
from icl_bench.specs.checkpoint_files import ROOT
from icl_bench.specs.division import CLOSED
from icl_bench.specs.result import ResultRecord
from icl_bench.specs.submission import Submission
from icl_bench.submissions.submission_folder import Fault, SubmissionText
from icl_bench.suites import Suite


def closed_faults(
    text: SubmissionText, submission: Submission, suites: Mapping[str, Suite]
) -> Iterator[Fault]:
    """What shows before anything is fetched: too few runs of a task, a spec that is too large, checkpoints
    that are not one a task, a suite without a recipe."""
    if submission.division != CLOSED:
        return
    for suite in suites.values():
        closed, runs = ClosedDivision(suite), submission.runs_of(suite.name)
        counts = Counter(place for run in runs for place in run.places)
        if ROOT in counts and len(suite.checkpoint_folders) > 1:
            message = "files at the root are one checkpoint for all tasks and closed models have one a task"
            yield text.fault(("runs",), f"runs: {message}; {REMEDY}")
            continue
        by_folder = {suite.checkpoint_folder(task): task for task in suite.tasks}
        tasks = {place: by_folder.get(place or suite.checkpoint_folders[0]) for place in counts}
        known = {place: task for place, task in tasks.items() if task is not None}
        few = closed.seeds_fault({place or suite.name: counts[place] for place in known})
        if few:
            yield text.fault(("runs",), f"{few}; {REMEDY}")
        for place, task in known.items():
            fault = closed.size_fault(task, submission.spec_of(place))
            if closed.recipe(task) is None:
                fault = closed.training_fault(task, None)
            if fault:
                yield text.fault(("division",), f"{fault}; declare `division: open`")
                break


def check_closed(config: CheckpointConfig, submission: Submission, suite: Suite, path: Path) -> None:
    """CheckpointError where a submission is declared closed and a config of it says that it was trained
    otherwise."""
    tasks = [name for name in suite.tasks if suite.trained_as(name) == config.task]
    for task in tasks[:1] if submission.division == CLOSED else ():
        fault = ClosedDivision(suite).training_fault(task, config.training)
        if fault:
            raise CheckpointError(f"{path}: {fault}; {REMEDY}", code="trained-otherwise")


def check_closed_records(
    submission: Submission, suite: Suite, records: Mapping[int, ResultRecord], path: Path
) -> None:
    """SpecError where a submission is declared closed and its records on a suite show that it is not.

    Records of weights that it lists no more are about to be replaced, and decide nothing.
    """
    closed = ClosedDivision(suite)
    listed = {(run.seed, run.revision) for run in submission.runs_of(suite.name)}
    for seed, record in records.items() if submission.division == CLOSED else ():
        fault = closed.record_fault(record) if (seed, record.model.revision) in listed else None
        if fault:
            raise SpecError(
                f"{path}: division: closed does not hold of seed {seed} on {suite.name}: {fault}; {REMEDY}",
                code="not-closed",
            )
