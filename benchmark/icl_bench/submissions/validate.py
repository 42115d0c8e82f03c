"""Every fault of a submission that shows before anything is fetched: in schema, folder, sizes and history."""

import os
import re
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from icl_bench.errors import ICLBenchError, UnknownNameError
from icl_bench.models.accounting import account
from icl_bench.records.record_files import FRESH_ENDING, REASON_ENDING, RECORD_ENDING, RESULTS, SUPERSEDED
from icl_bench.specs.architecture import ArchitectureSpec
from icl_bench.specs.checkpoint_files import ROOT, WEIGHTS_FILE, place_file
from icl_bench.specs.result import ResultRecord
from icl_bench.specs.run_names import RUN_NAME, run_name
from icl_bench.specs.schema import all_faults
from icl_bench.specs.submission import Run, Submission, folder_name
from icl_bench.specs.text import shown
from icl_bench.submissions.closed import closed_faults
from icl_bench.submissions.recorded import Correction, corrections
from icl_bench.submissions.submission_folder import (
    SUBMISSION_FILE,
    Fault,
    SubmissionFolder,
    SubmissionText,
    first_fault,
    inspect_submission,
    submission_file,
)
from icl_bench.suites import Suite, load_suite, suite_names
from icl_bench.temporary import remove_leftovers

# What a machine of two cores and 7 GiB evaluates in its time.
MAX_PARAMETERS = 500_000_000
MAX_FLOPS = 1e14  # of a run: all prompts of all its tasks
MAX_FLOPS_IN_ALL = 3e14  # of all runs

MAX_ENTRIES = 1_000  # in a submission's folder

_REPLACED = r"[0-9a-f]{12}(-[0-9]+)?"
_EXPECTED = re.compile(
    rf"{re.escape(SUBMISSION_FILE)}|{RESULTS}/({SUPERSEDED}/({_REPLACED}/)?)?"
    rf"|{RESULTS}/({SUPERSEDED}/{_REPLACED}/)?{RUN_NAME}({re.escape(RECORD_ENDING)}|{re.escape(FRESH_ENDING)})"
    rf"|{RESULTS}/{SUPERSEDED}/{_REPLACED}/{RUN_NAME}{re.escape(REASON_ENDING)}"
)


def validate(path: Path) -> list[Fault]:
    """Every fault of the submission in a folder, or of the file `submission.yaml`, in the order of lines."""
    return _examined(path)[1]


def checked_submission(path: Path) -> SubmissionFolder:
    """The submission of a folder that has no fault; SpecError about the first one."""
    entry, faults = _examined(path)
    if entry is None or faults:
        raise first_fault(faults)
    return entry


def _examined(path: Path) -> tuple[SubmissionFolder | None, list[Fault]]:
    """The submission where it follows its schema, and all that is wrong with it."""
    folder = submission_file(path).absolute().parent
    for written in (folder, folder / RESULTS):
        remove_leftovers(written)
    text, submission, faults = inspect_submission(path)
    faults += _folder_faults(text)
    if submission is not None:
        faults += _suite_faults(text, submission)
        faults += _history_faults(text, submission)
    elif isinstance(text.value, dict):
        spec, _ = all_faults(ArchitectureSpec, text.value.get("spec"))
        faults += [] if spec is None else _spec_faults(text, ("spec",), spec, {})
    faults.sort(key=lambda fault: (str(fault.path), fault.line or 0))
    return None if submission is None else SubmissionFolder(text.path.parent, submission), faults


def _folder_faults(text: SubmissionText) -> Iterator[Fault]:
    """What is wrong with the folder's name, its neighbours and what lies in it."""
    folder = text.path.absolute().parent
    if text.path.name != SUBMISSION_FILE:
        yield Fault(text.path, None, f"is not called {SUBMISSION_FILE}; rename it")
    if os.path.islink(folder):
        yield Fault(folder, None, "is a link; put the folder itself there")
    model = text.value.get("model") if isinstance(text.value, dict) else None
    if isinstance(model, str) and folder.name != folder_name(model):
        message = f"the folder of {shown(model)} is {shown(folder_name(model))}; move it there"
        yield text.fault(("model",), message)
    for other in sorted(folder.parent.iterdir()) if os.path.isdir(folder) else []:
        if other.name != folder.name and other.name.casefold() == folder.name.casefold():
            yield Fault(
                folder, None, f"differs from {shown(other.name)} by capitals alone; change that one instead"
            )
    entries = _entries(folder)
    if len(entries) > MAX_ENTRIES:
        message = f"holds more than {MAX_ENTRIES:,} files; name a submission's folder"
        yield Fault(text.path.parent, None, message)
        return
    for entry in entries:
        name = entry.relative_to(folder).as_posix()
        plain = not entry.is_symlink() and (entry.is_file() or entry.is_dir())
        if not (plain and _EXPECTED.fullmatch(f"{name}/" if entry.is_dir() else name)):
            message = f"holds {shown(name)}, which is no part of a submission; take it out"
            yield Fault(text.path.parent, None, message)


def _entries(folder: Path) -> list[Path]:
    """What lies in a folder, however deep; of very many, some."""
    every = (Path(top, name) for top, folders, files in os.walk(folder) for name in (*folders, *files))
    return sorted(islice(every, MAX_ENTRIES + 1))


def _suite_faults(text: SubmissionText, submission: Submission) -> Iterator[Fault]:
    suites: dict[str, Suite] = {}
    for place, name in enumerate(submission.suites):
        if name in suite_names():
            suites[name] = load_suite(name)
        else:
            yield text.fault(("suites", place), str(UnknownNameError("suite", name, suite_names())))
    if submission.spec is None:
        yield from _text_faults(text, submission, suites)
        return
    for place, run in enumerate(submission.runs):
        suite = suites.get(submission.suite_of(run))
        if suite is not None:
            yield from _task_faults(text, ("runs", place, "files"), run, suite)
    yield from _spec_faults(text, ("spec",), submission.spec, suites)
    for task, spec in submission.specs.items():
        yield from _spec_faults(text, ("specs", task), spec, suites)
    yield from _cost_faults(text, submission, suites)
    yield from closed_faults(text, submission, suites)


def _text_faults(text: SubmissionText, submission: Submission, suites: dict[str, Suite]) -> Iterator[Fault]:
    """Suites that a language model is not asked on. What it costs shows once its files are there."""
    for place, name in enumerate(submission.suites):
        if name in suites and suites[name].spec.asked_in != "text":
            message = (
                f"{name} is asked in numbers and a submission without spec is of a language model; choose a "
                "suite that is asked in text, or add the spec of checkpoints"
            )
            yield text.fault(("suites", place), f"suites[{place}]: {message}")


def _task_faults(text: SubmissionText, files: tuple[Any, ...], run: Run, suite: Suite) -> Iterator[Fault]:
    for path in run.files:
        task, slash, _ = path.rpartition("/")
        if slash and task not in suite.checkpoint_folders:
            message = UnknownNameError("task", task, suite.checkpoint_folders, suite.name)
            yield text.fault((*files, path), f"{path}: {message}")


def _spec_faults(
    text: SubmissionText, key: tuple[str, ...], spec: ArchitectureSpec, suites: dict[str, Suite]
) -> Iterator[Fault]:
    """A spec that no machine of ours evaluates."""
    sizes = [(1, 1)] + [
        (task.function_class.d, task.function_class.k)
        for suite in suites.values()
        for task in suite.tasks.values()
    ]
    most = max(spec.parameters(d, k) for d, k in sizes)
    if most > MAX_PARAMETERS:
        message = f"{most:,} parameters; submissions have at most {MAX_PARAMETERS:,}: submit a smaller model"
        yield text.fault(key, f"{'.'.join(key)}: {message}")


def _cost_faults(text: SubmissionText, submission: Submission, suites: dict[str, Suite]) -> Iterator[Fault]:
    """Tasks that the spec has too few positions for, and runs that take too long."""
    in_all = 0.0
    for suite in suites.values():
        runs = submission.runs_of(suite.name)
        yield from _position_faults(text, submission, suite, {place for run in runs for place in run.places})
        costs = [suite.spec.prompts * _flops(submission, suite, run.places) for run in runs]
        in_all += sum(costs)
        if max(costs) > MAX_FLOPS:
            message = f"{max(costs):.1e} FLOPs to evaluate on {suite.name}; at most {MAX_FLOPS:.0e} are spent"
            yield text.fault(("spec",), f"spec and specs: {message} on a run: submit a smaller model")
    if in_all > MAX_FLOPS_IN_ALL:
        message = f"{in_all:.1e} FLOPs to evaluate all runs; at most {MAX_FLOPS_IN_ALL:.0e} are spent"
        yield text.fault(("runs",), f"runs: {message}: submit fewer")


def _position_faults(
    text: SubmissionText, submission: Submission, suite: Suite, places: Collection[str]
) -> Iterator[Fault]:
    """Tasks of the folders in `places` that the spec is too short for; of variants none is a fault."""
    own = [task for task in suite.tasks.values() if task.trained_as is None]
    for task in own:
        place = suite.checkpoint_folder(task.name)
        cost = account(submission.spec_of(place), task)
        if place in places and not cost.fits:
            key = ("specs", place) if place in submission.specs else ("spec",)
            message = (
                f"{submission.spec_of(place).max_tokens()} positions and a prompt of "
                f"{suite.full_name(task.name)} has {cost.tokens} tokens; raise max_tokens, and train with it"
            )
            yield text.fault((*key, "positions"), f"{'.'.join(key)}.positions: {message}")
    spec = submission.spec_of(ROOT)
    if ROOT in places and not any(account(spec, task).fits for task in suite.tasks.values()):
        message = f"{spec.max_tokens()} positions are too few for any task of {suite.name}"
        yield text.fault(
            ("spec", "positions"), f"spec.positions: {message}; raise max_tokens, and train with it"
        )


def _flops(submission: Submission, suite: Suite, places: Collection[str]) -> float:
    """Of a prompt of each task that the checkpoints in these places answer; at the root, of the costliest."""

    def of_folder(place: str, spec: ArchitectureSpec) -> float:
        costs = [account(spec, suite.tasks[task]) for task in suite.answered_from(place)]
        return float(sum(cost.flops for cost in costs if cost.fits))

    if ROOT in places:
        return max(of_folder(folder, submission.spec_of(ROOT)) for folder in suite.checkpoint_folders)
    return sum(of_folder(place, submission.spec_of(place)) for place in places)


def _history_faults(text: SubmissionText, submission: Submission) -> Iterator[Fault]:
    """Recorded results stay as they are, unless the submission says which of them it supersedes."""
    entry = SubmissionFolder(text.path.parent, submission)
    try:
        recorded = entry.records()
        entry.fresh_records()
        corrected = corrections(entry)
    except ICLBenchError as error:
        yield Fault(entry.results, None, f"{error}; restore the file")
        return
    replaced = submission.supersedes.revisions if submission.supersedes else []
    done = _done(submission, corrected)
    runs = {submission.run_name(run): place for place, run in enumerate(submission.runs)}
    for name, record in recorded.items():
        revision = record.model.revision
        if record.model.id != submission.model:
            yield text.fault(
                ("model",), f"the results recorded here are of {record.model.id}; submit it apart"
            )
        elif revision in replaced and (name, revision) not in done:
            continue
        elif name not in runs:
            message = (
                f"{name} is recorded and is not among the runs; keep it, or name its revision in supersedes"
            )
            yield text.fault(("runs",), message)
        elif submission.runs[runs[name]].revision != revision:
            message = f"{name} is recorded of revision {revision}; keep it, or name that revision in"
            yield text.fault(("runs", runs[name], "revision"), f"{message} supersedes")
        elif not _is_of_record(submission, submission.runs[runs[name]], record):
            message = f"{name} is recorded of other weights or specs of {revision}; keep those"
            yield text.fault(("runs", runs[name], "files"), f"{message}, or name that revision in supersedes")
    held = {record.model.revision for record in recorded.values()}
    for revision in replaced:
        if revision not in held and not (entry.results / SUPERSEDED / revision[:12]).is_dir():
            message = f"no results of revision {revision} are recorded; take supersedes out"
            yield text.fault(("supersedes", "revision"), f"{message}, or name one that is")


def _done(submission: Submission, corrected: list[Correction]) -> set[tuple[str, str | None]]:
    """The runs, with their revisions, whose records were replaced already for the submission's reason."""
    if submission.supersedes is None:
        return set()
    reason = submission.supersedes.reason.strip()
    return {
        (run_name(correction.suite, correction.seed), correction.record.model.revision)
        for correction in corrected
        if correction.reason == reason
    }


def _is_of_record(submission: Submission, run: Run, record: ResultRecord) -> bool:
    """Whether a run lists the weights that its record is of, for the same tasks, and says their specs."""
    if submission.spec is None:
        read = [result.language_model for result in record.tasks.values()]
        return all(language_model and language_model.files == run.files for language_model in read)
    suite = load_suite(record.suite.name)
    listed = {file: digest for file, digest in run.files.items() if Path(file).name == WEIGHTS_FILE}
    recorded = {}
    for task, result in record.tasks.items():
        place = ROOT if ROOT in run.places else suite.checkpoint_folder(task)
        checkpoint = result.checkpoint
        if checkpoint is None or checkpoint.spec != submission.spec_of(place).to_dict():
            return False
        recorded[place_file(place, WEIGHTS_FILE)] = checkpoint.sha256
    return listed == recorded
