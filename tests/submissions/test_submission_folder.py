"""A submission's folder holds its file and its results, plainly, under one name; what is recorded stays."""

import json
import os
from pathlib import Path

import pytest
from raising import raises
from submissions.submitted import OTHER, REVISION, SPEC, Submitted, edit, submission_value, write

from icl_bench.errors import SpecError
from icl_bench.specs.checkpoint_files import CHECKPOINT_FILES
from icl_bench.submissions.record import record_submission
from icl_bench.submissions.submission_folder import submission_entries
from icl_bench.submissions.validate import checked_submission, validate


def only_fault(folder: Path) -> str:
    """The one fault of a submission."""
    (fault,) = validate(folder)
    assert str(fault).isprintable()
    return str(fault)


@pytest.fixture
def root(tiny, tmp_path) -> Path:
    return tmp_path / "submissions"


@pytest.fixture
def recorded(submitted: Submitted, records) -> Submitted:
    record_submission(submitted.entry, records)
    return submitted


def test_the_folder_has_the_models_name(root):
    folder = write(root, submission_value(), "someone__else")
    assert (
        "submission.yaml:2: the folder of 'someone/model' is 'someone__model'; move it there"
        in only_fault(folder)
    )
    folder = write(root, submission_value(model="someone/else"), "someone__else")
    assert validate(folder) == []


def test_names_that_differ_by_capitals_alone_are_one(root):
    write(root, submission_value(model="Someone/Model"), "Someone__Model")
    folder = write(root, submission_value())
    assert "differs from 'Someone__Model' by capitals alone; change that one instead" in only_fault(folder)


def test_a_file_or_folder_that_is_a_link_is_refused(root, tmp_path):
    """It might lead to a secret, which a fault would quote."""
    secret = tmp_path / "secret"
    secret.write_text("password: hunter2")
    folder = write(root, submission_value())
    (folder / "submission.yaml").unlink()
    (folder / "submission.yaml").symlink_to(secret)
    faults = [str(fault) for fault in validate(folder)]
    assert any("submission.yaml: is not a plain file; put the file itself there" in fault for fault in faults)
    assert not any("hunter2" in fault or "password" in fault for fault in faults)
    other = write(tmp_path / "elsewhere", submission_value())
    (root / "link").mkdir()
    linked = root / "link/someone__model"
    linked.symlink_to(other)
    assert "is a link; put the folder itself there" in only_fault(linked)


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "model.safetensors",
        "pytorch_model.bin",
        "setup.py",
        ".git/config",
        "results/notes.txt",
        "results/../evil.json",
        "results/mini-v1-seed-0.json.html",
        "results/superseded/abc/mini-v1-seed-0.json",
        "results/\x1b[31m\u202e.json",
        "results/seed-0.json",
    ],
)
def test_nothing_else_lies_in_the_folder(root, name):
    folder = write(root, submission_value())
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    messages = [str(fault) for fault in validate(folder)]
    assert all(fault.isprintable() for fault in messages)
    assert any("is no part of a submission; take it out" in fault for fault in messages)


@pytest.mark.parametrize("name", ["results", "results/mini-v1-seed-0.json", "results/superseded"])
def test_results_are_no_links_either(root, tmp_path, name):
    folder = write(root, submission_value())
    (tmp_path / "target").mkdir()
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).symlink_to(tmp_path / "target")
    assert any("is no part of a submission" in str(fault) for fault in validate(folder))


def test_a_pipe_in_place_of_the_file_does_not_hang(root):
    folder = write(root, submission_value())
    (folder / "submission.yaml").unlink()
    os.mkfifo(folder / "submission.yaml")
    assert any("is not a plain file" in str(fault) for fault in validate(folder))


def test_a_folder_without_a_submission_is_reported(root):
    assert "submission.yaml: cannot be read" in only_fault(
        write(root, submission_value()).parent / "nobody__nothing"
    )


def test_entries_are_all_submissions_but_the_references(root):
    write(root, submission_value())
    write(root, submission_value(model="ana/second"), "ana__second")
    (root / "reference/gpt2").mkdir(parents=True)
    assert [entry.path.name for entry in submission_entries(root)] == ["ana__second", "someone__model"]
    write(root, submission_value(licence="none"), "ana__second")
    with raises(SpecError, naming="licence"):
        submission_entries(root)


def test_recorded_results_are_those_of_the_same_model_and_revision(recorded):
    assert validate(recorded.folder) == []
    recorded.change(lambda value: value["runs"][0].update(revision=OTHER))
    assert f"tiny-v1-seed-0 is recorded of revision {REVISION}; keep it, or name that revision" in only_fault(
        recorded.folder
    )
    recorded.change(lambda value: value.update(supersedes={"revision": REVISION, "reason": "better"}))
    assert validate(recorded.folder) == []
    recorded.change(lambda value: value.update(supersedes={"revision": [REVISION], "reason": "better"}))
    assert validate(recorded.folder) == []


def test_a_run_that_is_recorded_cannot_be_dropped(recorded):
    """Else the best seeds alone would stay."""
    recorded.change(lambda value: value["runs"][0].update(seed=1))
    assert (
        "tiny-v1-seed-0 is recorded and is not among the runs; keep it, or name its revision"
        in only_fault(recorded.folder)
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value["runs"][0]["files"].update({"linear_regression/model.safetensors": "0" * 64}),
        lambda value: [value["runs"][0]["files"].pop(f"vector_mqar/{name}") for name in CHECKPOINT_FILES],
        lambda value: value.update(spec=SPEC | {"width": 16}),
        lambda value: value.update(specs={"vector_mqar": SPEC | {"width": 16}}),
    ],
    ids=["hash", "task", "spec", "spec of a task"],
)
def test_what_is_recorded_is_not_said_of_other_weights(recorded, change):
    """Else a page would show files and sizes that were not evaluated, and a bad task could be dropped."""
    recorded.change(change)
    assert f"tiny-v1-seed-0 is recorded of other weights or specs of {REVISION}; keep those" in only_fault(
        recorded.folder
    )
    recorded.change(lambda value: value.update(supersedes={"revision": REVISION, "reason": "A fault."}))
    assert validate(recorded.folder) == []


def test_results_of_another_model_or_no_results_at_all(recorded):
    path = recorded.folder / "results/tiny-v1-seed-0.json"
    whole = path.read_text()
    edit(path, ("model", "id"), "someone/else")
    assert "the results recorded here are of someone/else; submit it apart" in only_fault(recorded.folder)
    path.write_text(json.dumps({"schema": 1}))
    assert "restore the file" in only_fault(recorded.folder)
    path.write_text(whole)
    assert checked_submission(recorded.folder).records().keys() == {"tiny-v1-seed-0"}
