"""`icl-bench submit` of a language model of the Hub, on a suite that is asked in text."""

import shutil
from pathlib import Path

import pytest
from hub_repository import Repo
from hub_server import HubServer
from raising import raises
from submissions.language_models import CONFIG, OTHERS, TASK, TEXT_RUN, TEXT_SUITE, with_config
from submissions.submitted import COMMIT, MODEL, faults
from submissions.submitting import FACTS, seen
from typer.testing import CliRunner

from icl_bench.cli import app
from icl_bench.errors import CheckError, InputError
from icl_bench.records.read import load_record
from icl_bench.records.reproduce import Row, model_of, reproduce
from icl_bench.submissions.fetch import fetch_submission
from icl_bench.submissions.language_models import language_model_runs
from icl_bench.submissions.record import record_submission
from icl_bench.submissions.sandboxed import evaluate_run
from icl_bench.submissions.submission_folder import SubmissionFolder

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("text_suite", "in_own_folder")]


@pytest.fixture
def in_own_folder(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def text_repo(hub: HubServer, text_files) -> Repo:
    """The language model on the Hub, beside what nobody asks for."""
    return hub.repo(MODEL, text_files | OTHERS)


def submit(*arguments: str, code: int = 0, suite: str = TEXT_SUITE) -> str:
    """What submitting prints; of an error the one line."""
    names = arguments if any(each.startswith(MODEL) for each in arguments) else (MODEL, *arguments)
    result = CliRunner().invoke(app, ["submit", *names, "--suite", suite, *FACTS])
    assert result.exit_code == code, result.output
    if code == 0:
        return result.stdout
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    return line


def test_from_a_name_to_a_row_of_records(text_repo, text_files, file, hub, tmp_path):
    """Submit, fetch, evaluate, record: each step takes what the one before wrote."""
    printed = submit()
    submission = seen(file)
    (run,) = submission.runs
    assert (submission.spec, submission.suites, run.seed) == (None, [TEXT_SUITE], 0)
    assert (run.revision, set(run.files)) == (text_repo.refs["main"], set(text_files))
    assert TASK in printed
    assert f"{MODEL}: {TEXT_RUN} at {run.revision[:12]}." in printed
    assert not {"modeling.py", "pytorch_model.bin", "onnx/model.onnx"} & hub.asked_files()
    assert submit().count("is already up to date") == 1
    (folder,) = fetch_submission(SubmissionFolder(file.parent, submission), tmp_path / "fetched")
    record, fresh = evaluate_run(file, TEXT_RUN, folder, COMMIT)
    (mine,) = (tmp_path / "results").glob("*.json")
    assert record.tasks[TASK].prompt_errors == load_record(mine).tasks[TASK].prompt_errors
    record.save(tmp_path / f"records/{TEXT_RUN}.json")
    fresh.save(tmp_path / f"records/{TEXT_RUN}.fresh.json")
    (line,) = record_submission(SubmissionFolder(file.parent, submission), tmp_path / "records", COMMIT)
    assert line == f"{TEXT_RUN}: recorded"
    assert faults(file.parent) == []
    verification = reproduce(Row(0, record, [model_of(record)]))
    assert verification.holds
    assert [agreement.identical for agreement in verification.tasks] == [True]


def test_other_files_under_the_recorded_commit_are_noticed(text_repo, text_files, file, hub, tmp_path):
    """A Hub may say what it will of a commit."""
    submit()
    (mine,) = (tmp_path / "results").glob("*.json")
    record, commit = load_record(mine), text_repo.refs["main"]
    text_repo.commits[commit] = with_config(text_files, note="other")
    shutil.rmtree(tmp_path / "hub")
    with raises(CheckError, "other-weights", naming=(TASK, MODEL)):
        reproduce(Row(0, record, [model_of(record)]))


def test_keys_are_in_the_order_of_the_schema(text_repo, file):
    submit()
    keys = [line.partition(":")[0] for line in file.read_text().splitlines() if line[:1].isalpha()]
    assert keys == ["schema", "model", "suites", "runs", "licence", "authors", "training_data"]


def test_a_record_of_it_is_taken_in_place_of_evaluating_again(text_repo, file, tmp_path):
    submit()
    (mine,) = (tmp_path / "results").glob("*.json")
    file.unlink()
    assert f"record: {mine.relative_to(tmp_path)}" in submit("--record", str(mine.relative_to(tmp_path)))
    assert len(list((tmp_path / "results").iterdir())) == 1


def test_two_revisions_are_two_runs_which_it_has_not(text_repo, text_files, file):
    first = text_repo.refs["main"]
    second = text_repo.commit(with_config(text_files, note="later"))
    line = submit(f"{MODEL}@{first}", f"{MODEL}@{second}", code=2)
    assert f"{MODEL} is a language model, of which a suite has one run" in line
    assert not file.exists()
    with raises(InputError, "several-revisions", naming=MODEL):
        language_model_runs(MODEL, [first, second])


def test_it_is_not_submitted_on_a_suite_of_numbers(text_repo, file: Path):
    line = submit(code=2, suite="tiny-v1")
    assert CONFIG in line
    assert "--suite text-boolean" in line
    assert not file.exists()


def test_checkpoints_of_the_same_name_are_another_model(text_repo, file, hub, seed_0):
    submit()
    hub.repo(MODEL, dict(seed_0))
    line = submit("--replace", code=2, suite="tiny-v1")
    assert f"{MODEL} is a language model on {TEXT_SUITE} and has a spec on tiny-v1" in line
