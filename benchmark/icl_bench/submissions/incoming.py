"""Records that another machine made of a submission: read strictly, and held against it before they stay."""

import re
from pathlib import Path

from icl_bench.errors import SpecError
from icl_bench.evaluation.fresh import parse_fresh_record
from icl_bench.models.load import too_long
from icl_bench.records.audit import audit, audit_fresh
from icl_bench.specs.checkpoint import CheckpointConfig, parse_json
from icl_bench.specs.checkpoint_files import ROOT, WEIGHTS_FILE, place_file
from icl_bench.specs.fresh import FreshRecord
from icl_bench.specs.result import MAX_RECORD_BYTES, ResultRecord, record_of
from icl_bench.specs.schema import parse
from icl_bench.specs.submission import Run, Submission
from icl_bench.specs.text import text_fault
from icl_bench.submissions.checkpoints import check_config
from icl_bench.submissions.submission_folder import run_identity
from icl_bench.submissions.validate import MAX_PARAMETERS
from icl_bench.suites import Suite, load_suite

MAX_TEXT = 100  # characters of a version, a device, …
MAX_COST = 10**7  # seconds, MiB, prompts a batch, threads: what nobody can recompute is plausible
_COMMIT = re.compile(r"[0-9a-f]{40}")
_ARCHITECTURE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")  # as `transformers` calls it


def read_record(path: Path, submission: Submission, run: Run) -> ResultRecord:
    """The record of a run in a file; refused as `check_run_record` refuses, and where it is none."""
    record = record_of(parse_json(_content(path), str(path), MAX_RECORD_BYTES), str(path))
    check_run_record(record, submission, run, str(path))
    return record


def check_run_record(record: ResultRecord, submission: Submission, run: Run, source: str) -> None:
    """SpecError, InputError or CheckpointError, one line, where a record is not of a submission's run, or
    where anything in it does not follow from its errors. `source` is what the message calls it."""
    suite = load_suite(submission.suite_of(run))
    _check_identity(record, submission, run, source)
    _check_made_by(record, source)
    if submission.spec is None:
        _check_language_model(record, submission, run, suite, source)
    else:
        _check_tasks(record, submission, run, suite, source)
    audit(record, suite, source)


def read_fresh(
    path: Path, submission: Submission, run: Run, frozen: ResultRecord, commit: str | None
) -> FreshRecord:
    """The record of a run on the fresh prompts of a commit, of that which it names for None; refused as
    `read_record` refuses."""
    fresh = parse_fresh_record(_content(path), str(path))
    _check_identity(fresh, submission, run, str(path))
    _check_made_by(fresh, str(path))
    if commit is not None and fresh.commit != commit:
        raise SpecError(
            f"{path} is on prompts of {fresh.commit}, not of {commit}; evaluate it again", code="other-commit"
        )
    recorded = {name: task.weights.sha256 for name, task in frozen.tasks.items() if task.weights}
    if fresh.suite != frozen.suite or {name: task.sha256 for name, task in fresh.tasks.items()} != recorded:
        raise SpecError(
            f"{path} is not of the weights, tasks and suite of the record beside it; evaluate both again"
        )
    audit_fresh(fresh, frozen, load_suite(fresh.suite.name), str(path))
    return fresh


def _content(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise SpecError(f"no file {path}; `icl-bench submissions evaluate` writes it", code="no-file")
    try:
        with path.open("rb") as file:
            return file.read(MAX_RECORD_BYTES + 1)
    except OSError as error:
        raise SpecError(
            f"cannot read {path}: {error.strerror}; evaluate it again", code="unreadable"
        ) from None


def _check_identity(
    record: ResultRecord | FreshRecord, submission: Submission, run: Run, source: str
) -> None:
    expected = run_identity(submission, run)
    if record.model != expected:
        wanted, recorded = (f"{model.id}@{model.revision}" for model in (expected, record.model))
        kinds = f" ({record.model.kind}, not {expected.kind})" if recorded == wanted else ""
        raise SpecError(f"{source} is of {recorded}, not of {wanted}{kinds}; evaluate that")
    if record.suite.name != submission.suite_of(run):
        raise SpecError(
            f"{source} is on {record.suite.name}, not on {submission.suite_of(run)}; evaluate it on that"
        )


def _check_made_by(record: ResultRecord | FreshRecord, source: str) -> None:
    """What is said of the evaluator is short and can be shown; the device is the CPU."""
    provenance = {**record.evaluator.model_dump(), **record.environment.model_dump()}
    for key, value in provenance.items():
        fault = text_fault(value, MAX_TEXT) if isinstance(value, str) else None
        if fault:
            raise SpecError(f"{source}: {key} {fault}")
    commit = record.evaluator.commit
    numbers: list[float] = [record.environment.threads]
    for task in record.tasks.values() if isinstance(record, ResultRecord) else ():
        numbers += [task.batch_size, task.cost.seconds, task.cost.peak_memory_mb or 0]
    if not all(0 <= number <= MAX_COST for number in numbers):
        raise SpecError(f"{source}: batch_size, cost or threads cannot be; evaluate it again")
    if record.environment.device != "cpu" or (commit is not None and not _COMMIT.fullmatch(commit)):
        raise SpecError(f"{source} was not made on a CPU by a commit of icl-bench; evaluate it there")


def _check_tasks(record: ResultRecord, submission: Submission, run: Run, suite: Suite, source: str) -> None:
    """The tasks are those that the run has files for, answered by the weights that it lists."""
    answered = set(record.tasks)
    folders = {suite.checkpoint_folder(task) for task in answered & set(suite.tasks)}
    expected = folders if ROOT in run.places else set(run.places)
    if not answered <= set(suite.tasks) or folders != expected or (ROOT in run.places and len(folders) != 1):
        raise SpecError(
            f"{source} has other tasks than the submission lists files for; evaluate it again",
            code="other-tasks",
        )
    missing = {}
    for name, task in suite.tasks.items():
        folder = suite.checkpoint_folder(name)
        place = ROOT if ROOT in run.places else folder
        reason = too_long(submission.spec_of(place), suite, task) if folder in folders else None
        if reason and task.trained_as is not None:
            missing[name] = f"its checkpoint {reason}"
        elif folder not in folders:
            missing[name] = f"{submission.model} has no checkpoint for it"
    if record.missing != missing or answered & set(missing) or answered | set(missing) != set(suite.tasks):
        raise SpecError(f"{source}: missing is not what the submission leaves out; evaluate it again")
    for name in record.tasks:
        place = ROOT if ROOT in run.places else suite.checkpoint_folder(name)
        _check_checkpoint(record, submission, run, suite, name, place, source)


def _check_language_model(
    record: ResultRecord, submission: Submission, run: Run, suite: Suite, source: str
) -> None:
    """Every task is answered by the files that the run lists, which are of one plausible model."""
    if record.missing or record.tasks.keys() != suite.tasks.keys():
        raise SpecError(
            f"{source} has not every task of {suite.name}, which a language model answers; evaluate it again",
            code="other-tasks",
        )
    every = [(name, result, result.language_model) for name, result in record.tasks.items()]
    for name, result, language_model in every:
        if language_model is None or result.checkpoint is not None or language_model.files != run.files:
            raise SpecError(
                f"{source}: tasks.{name} was not answered by the files as listed; evaluate it again",
                code="other-files",
            )
        if result.label_shares is None:
            raise SpecError(
                f"{source}: tasks.{name} has no label_shares; evaluate it again", code="no-label-shares"
            )
        fault = text_fault(language_model.library, MAX_TEXT)
        plausible = _ARCHITECTURE.fullmatch(language_model.architecture) and not fault
        if not plausible or not 0 < language_model.parameters <= MAX_PARAMETERS:
            raise SpecError(
                f"{source}: tasks.{name}.language_model cannot be: architecture, parameters or library; "
                "evaluate it again",
                code="no-such-model",
            )
        if language_model != every[0][2]:
            raise SpecError(
                f"{source}: tasks.{name} is of another language_model than the first; evaluate it again",
                code="other-model",
            )


def _check_checkpoint(
    record: ResultRecord, submission: Submission, run: Run, suite: Suite, name: str, place: str, source: str
) -> None:
    checkpoint, task = record.tasks[name].checkpoint, suite.task(name)
    if record.tasks[name].language_model is not None or record.tasks[name].label_shares is not None:
        raise SpecError(f"{source}: tasks.{name} is of a language model; evaluate it again", code="in-text")
    d, k = task.function_class.d, task.function_class.k
    spec, file = submission.spec_of(place), place_file(place, WEIGHTS_FILE)
    if checkpoint is None or checkpoint.sha256 != run.files[file]:
        raise SpecError(f"{source}: tasks.{name} was not answered by {file} as listed; evaluate it again")
    if checkpoint.spec != spec.to_dict() or checkpoint.parameters != spec.parameters(d, k, task.tokens):
        raise SpecError(f"{source}: tasks.{name} has another spec than the submission; evaluate it again")
    value = {"spec": checkpoint.spec, "d": d, "k": k, "task": suite.trained_as(name)}
    value |= {"training": checkpoint.training}
    config = parse(CheckpointConfig, value, f"{source}: tasks.{name}.checkpoint")
    check_config(config, submission, run, Path(source) / file)
