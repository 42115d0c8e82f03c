"""Submitting a model: from its name on the Hub to the one file of a pull request."""

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

from huggingface_hub import constants

from icl_bench.display.table import as_table
from icl_bench.entries.open import open_source
from icl_bench.errors import InputError
from icl_bench.evaluation.run import evaluate_source
from icl_bench.files import check_file_place, write_text
from icl_bench.models.pinned import check_listed
from icl_bench.records.audit import check_of_suite
from icl_bench.records.read import load_record
from icl_bench.records.record_files import RESULTS, record_file
from icl_bench.specs.checkpoint_files import CONFIG_FILE
from icl_bench.specs.loops import cut_loops
from icl_bench.specs.result import ResultRecord
from icl_bench.specs.submission import Run, Submission, folder_name, model_fault
from icl_bench.submissions import pull_request
from icl_bench.submissions.closed import check_closed
from icl_bench.submissions.compose import as_yaml, compose
from icl_bench.submissions.distinct_runs import check_errors_differ
from icl_bench.submissions.fetch import listed_files
from icl_bench.submissions.incoming import check_run_record
from icl_bench.submissions.submission_facts import gather_facts
from icl_bench.submissions.submission_folder import SUBMISSION_FILE, first_fault
from icl_bench.submissions.submission_place import SubmissionPlace
from icl_bench.submissions.submission_runs import fetch_runs
from icl_bench.submissions.validate import validate
from icl_bench.suites import Suite, load_suite

SUBMISSIONS = "submissions"  # the folder of a checkout
Records = Mapping[Path, ResultRecord]  # by the file that holds it
Report = Callable[[str], None]


@dataclass(frozen=True)
class SubmissionResult:
    """The file of a submission, as it is now, and how it becomes a pull request."""

    file: Path
    submission: Submission
    changed: bool  # whether the file was written: it may have said the same before
    records: dict[str, Path]  # of the runs on the suite, by the name of the run
    commands: list[list[str]]  # that make the pull request, each as its arguments
    checkout: Path | None  # in which to give them; None where the file is in no checkout


def submit(
    models: str | Sequence[str],
    *,
    licence: str | None = None,
    authors: str | Sequence[str] | None = None,
    training_data: str | None = None,
    description: str | None = None,
    paper: str | None = None,
    code: str | None = None,
    website: str | None = None,
    division: str | None = None,
    confirmed_by: str | None = None,
    records: Sequence[str | Path] = (),
    revision: str | None = None,
    suite: str = "mini",
    out: str | Path = SUBMISSIONS,
    supersede: str | None = None,
    replace: bool = False,
    open_pull_request: bool = False,
    report: Report | None = None,
    progress: bool = False,
) -> SubmissionResult:
    """Write the file that a pull request adds to put a model of the Hub on the board.

    The model is evaluated here first, so that what is submitted works; its scores on the board are computed
    anew after the merge. Results on other suites that the file lists stay, and so does what it says and is
    not given anew.

    Args:
        models: `user/model`, or `user/model@revision` once a seed.
        licence: of the weights, an SPDX identifier; that of the model's card unless given.
        authors: their names, or one.
        training_data: what it was trained on, in a paragraph.
        description: what it is, in a paragraph.
        paper: where it is described, `https://...`.
        code: its code, `https://...`.
        website: more of it, `https://...`.
        division: `closed` for runs by the suite's recipe, at least three, of at most its size; else `open`.
        confirmed_by: a comment on GitHub, or a discussion of the model on the Hub, in which the model's
            authors say that the entry is theirs.
        records: files that `icl-bench evaluate` wrote of revisions, which are then not evaluated again.
        revision: commit, branch or tag, as in `user/model@revision`.
        suite: its name, as `mini` or `paper-v1`; one that is asked in text for a language model.
        out: the folder `submissions` of a checkout.
        supersede: why recorded results are to be replaced by these.
        replace: change a submission.yaml that says something else.
        open_pull_request: also open the pull request, by a signed-in `gh`.
        report: is given the scores of each run as they come, and what was written, as text.
        progress: show evaluations on standard error.

    Raises InputError where something is missing or contradicts what is there (SpecError, where it cannot be
    said in a submission), HubError and CheckpointError where a revision cannot be fetched or used, CheckError
    where the model breaks a rule of the benchmark, and StorageError where the file cannot be written.

    >>> result = icl_bench.submit(
    ...     "user/model", authors=["Ana"], licence="mit", training_data="Prompts of mini-v1."
    ... )  # doctest: +SKIP
    >>> result.file  # doctest: +SKIP
    PosixPath('submissions/user__model/submission.yaml')
    """
    report = report or _report_nothing
    frozen, root = load_suite(suite), Path(out)
    model, revisions = split_names([models] if isinstance(models, str) else models)
    given_records = _load_records(records, model, frozen)
    revisions = _choose_revisions(model, revisions, revision, given_records)
    checkout = (pull_request.check_ready if open_pull_request else pull_request.checkout_around)(root)
    place = SubmissionPlace.of_model(root, model)
    check_file_place(place.file)
    links = {key: link for key, link in dict(paper=paper, code=code, website=website).items() if link}
    given: dict[str, Any] = dict(
        licence=licence, training_data=training_data, description=description, links=links
    )
    given |= dict(division=division, confirmed_by=confirmed_by)
    given["authors"] = [authors] if isinstance(authors, str) else list(authors or ())
    facts = gather_facts(model, revisions[0], given, place)
    fetched = fetch_runs(model, revisions, frozen)
    submission = compose(model, frozen.name, fetched.runs, fetched.specs, facts, place, supersede)
    text = as_yaml(submission)
    place.check_change(text, wanted=replace or supersede is not None)
    check_in_place(text, place)
    for commit, configs in fetched.configs.items():
        for folder, config in configs.items():
            check_closed(config, submission, frozen, Path(f"{model}@{commit[:12]}", folder, CONFIG_FILE))
    check_public(submission, fetched.runs)
    files = _evaluate(submission, frozen, given_records, report, progress)
    if place.text == text:
        report(f"{place.file} is already up to date")
    else:
        write_text(place.file, text)
        report(f"wrote {place.file}")
    commands = pull_request.steps(submission)
    if open_pull_request and checkout is not None:
        pull_request.open_pull_request(commands, checkout)
    return SubmissionResult(place.file, submission, place.text != text, files, commands, checkout)


def split_names(names: Sequence[str]) -> tuple[str, list[str | None]]:
    """`user/model` and the revisions, None for none, of names as `user/model@revision`; InputError where they
    are of several models, or of none that can be submitted."""
    if not names:
        raise InputError("no model is named; write user/model", code="no-model")
    looped = [name for name in names if cut_loops(name)[1]]
    if looped:
        raise InputError(
            f"{looped[0]} is no model of its own; submit a checkpoint whose config.json has that many loops",
            code="loops-submitted",
        )
    pairs = [name.partition("@") for name in names]
    models = list(dict.fromkeys(model for model, _, _ in pairs))
    fault = model_fault(models[0])
    if fault:
        raise InputError(fault)
    if len(models) > 1:
        raise InputError(f"{models[0]} and {models[1]} are two models; submit each on its own")
    return models[0], [revision or None for _, _, revision in pairs]


def check_public(submission: Submission, runs: Sequence[Run]) -> None:
    """HubError where not everybody can fetch the files of runs, or where they are larger than they may be."""
    for run in [] if constants.HF_HUB_OFFLINE else runs:
        check_listed(submission.model, run.revision, listed_files(submission, run))


def check_in_place(text: str, place: SubmissionPlace) -> None:
    """SpecError about the first fault that `icl-bench submissions validate` would tell of this text there."""
    folder = place.file.parent
    with tempfile.TemporaryDirectory() as aside:
        copy = Path(aside) / folder.name
        if folder.is_dir():
            shutil.copytree(folder, copy, symlinks=True)
        copy.mkdir(exist_ok=True)
        (copy / SUBMISSION_FILE).write_bytes(text.encode())
        faults = [changed(fault, path=folder / fault.path.relative_to(copy)) for fault in validate(copy)]
    if faults:
        raise first_fault(faults)


def _load_records(paths: Sequence[str | Path], model: str, suite: Suite) -> Records:
    """The records of files, each read once; InputError where one is not of the model on the suite."""
    records = {Path(path): load_record(path) for path in paths}
    for path, record in records.items():
        check_of_suite(record, suite, str(path))
        if record.model.id != model or record.model.revision is None:
            raise InputError(
                f"{path} is of {record.model.id}, not of {model} on the Hub; evaluate that by `icl-bench "
                f"evaluate {model}`"
            )
    return records


def _choose_revisions(
    model: str, revisions: list[str | None], revision: str | None, records: Records
) -> list[str | None]:
    """The revisions to submit: those that are named, else those of the records, else main (None)."""
    if revision is not None:
        if revisions != [None]:
            raise InputError(f"--revision {revision} and {model}@... name revisions twice; keep one of them")
        return [revision]
    if records and revisions == [None]:
        return list(dict.fromkeys(record.model.revision for record in records.values()))
    return revisions


def _evaluate(
    submission: Submission, suite: Suite, records: Records, report: Report, progress: bool
) -> dict[str, Path]:
    """Report the scores of every run on the suite, and say which file holds its record: one that is given,
    which is held against the submission, else one that is made now."""
    runs = {run.revision: run for run in submission.runs_of(suite.name)}
    given = {str(record.model.revision): path for path, record in records.items()}
    for commit, path in given.items():
        if commit not in runs:
            raise InputError(
                f"{path} is of revision {commit}, which is not submitted; name it, or leave it out"
            )
        check_run_record(records[path], submission, runs[commit], str(path))
    files, by_run = {}, {}
    for commit, run in runs.items():
        name = submission.run_name(run)
        if commit in given:
            path = given[commit]
            record = records[path]
        else:
            source = open_source(f"{submission.model}@{commit}", suite)
            record = evaluate_source(source, suite, list(suite.tasks), progress)
            path = Path(RESULTS) / f"{folder_name(submission.model)}-{record_file(name)}"
            record.save(path)
        files[name], by_run[name] = path, record
        title = f"{submission.model}, seed {run.seed} on {suite.name}"
        report(f"{title}\n\n{as_table(record, bars=False)}\n\nrecord: {path}\n")
    check_errors_differ(by_run)
    return files


def _report_nothing(text: str) -> None:
    """Where nobody asked for a report."""
