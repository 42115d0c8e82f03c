"""Records are appended once every number was computed anew; what is recorded does not change in silence."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from models.small import files_of
from raising import raises
from submissions.submitted import (
    COMMIT,
    OTHER,
    REVISION,
    SPEC,
    Submitted,
    edit,
    not_recorded,
    run_entry,
    submission_value,
    tiny_files,
    write,
)

from icl_bench.errors import CheckError, CheckpointError, InputError, SpecError, StorageError
from icl_bench.evaluation.estimates import estimates
from icl_bench.evaluation.fresh import load_fresh_record, with_gaps_to
from icl_bench.frozen.anchors import suite_anchors
from icl_bench.records.read import load_record
from icl_bench.submissions.record import record_submission
from icl_bench.submissions.submission_folder import SubmissionFolder, read_submission
from icl_bench.submissions.validate import validate
from icl_bench.suites import load_suite

pytestmark = pytest.mark.slow

RUN = "tiny-v1-seed-0"
RECORD, FRESH = f"{RUN}.json", f"{RUN}.fresh.json"
LINEAR = ("tasks", "linear_regression")
MQAR = ("tasks", "vector_mqar")


def test_results_are_appended(submitted, records):
    assert record_submission(submitted.entry, records, COMMIT) == [f"{RUN}: recorded"]
    record = submitted.entry.records()[RUN]
    assert record == load_record(records / RECORD)
    assert (record.model.kind, record.model.id, record.model.revision) == ("hub", "someone/model", REVISION)
    assert submitted.entry.fresh_records()[RUN].commit == COMMIT
    assert sorted(files_of(submitted.folder)) == [f"results/{FRESH}", f"results/{RECORD}", "submission.yaml"]


def test_a_checkpoint_at_the_root_answers_one_task(tiny, tmp_path):
    files = {name.rpartition("/")[2]: b for name, b in tiny_files(tmp_path / "c").items() if "linear" in name}
    value = submission_value([run_entry(0, files)])
    submitted = Submitted(write(tmp_path / "submissions", value), value, {0: files})
    submitted.lay_out(tmp_path / "fetched")
    submitted.evaluate(tmp_path / "fetched", tmp_path / "records", COMMIT)
    assert record_submission(submitted.entry, tmp_path / "records", COMMIT) == [f"{RUN}: recorded"]
    assert list(submitted.entry.records()[RUN].tasks) == ["linear_regression"]
    assert list(submitted.entry.fresh_records()[RUN].tasks) == ["linear_regression"]


def test_recording_again_says_so_and_changes_nothing(submitted, records):
    record_submission(submitted.entry, records, COMMIT)
    before = files_of(submitted.folder)
    again = f"{RUN}: recorded already, and the numbers are identical"
    assert record_submission(submitted.entry, records, COMMIT) == [again]
    assert record_submission(submitted.entry, records) == [again]
    assert files_of(submitted.folder) == before


def test_what_a_kill_left_is_removed_and_results_that_were_set_aside_come_back(submitted, records):
    """Else the folder would have no results, and a file that is no part of a submission."""
    record_submission(submitted.entry, records, COMMIT)
    before = files_of(submitted.folder)
    aside = submitted.folder / ".icl-bench-abcdefgh.old"
    aside.mkdir()
    (submitted.folder / "results").rename(aside / "results")
    part = submitted.folder / ".icl-bench-abcdefgh.part"
    shutil.copytree(aside / "results", part)
    assert validate(submitted.folder) == []
    assert record_submission(submitted.entry, records, COMMIT)[0].startswith(f"{RUN}: recorded already")
    assert files_of(submitted.folder) == before
    assert not part.exists()


def test_fresh_prompts_may_follow_later(submitted, records):
    fresh = (records / FRESH).read_bytes()
    (records / FRESH).unlink()
    assert record_submission(submitted.entry, records) == [f"{RUN}: recorded"]
    assert submitted.entry.fresh_records() == {}
    (records / FRESH).write_bytes(fresh)
    record_submission(submitted.entry, records, COMMIT)
    assert submitted.entry.fresh_records().keys() == {RUN}


def test_without_a_commit_the_fresh_record_beside_the_results_is_taken(submitted, records):
    """Else it would be left behind without a word."""
    outcomes = record_submission(submitted.entry, records)
    assert outcomes == [f"{RUN}: recorded, with fresh prompts of {COMMIT}"]
    assert submitted.entry.fresh_records() == {RUN: load_fresh_record(records / FRESH)}
    again = record_submission(submitted.entry, records)
    assert again == [f"{RUN}: recorded already, and the numbers are identical"]


def test_a_fresh_record_of_other_results_is_refused_without_a_commit_too(submitted, records):
    scaled(records / RECORD, 1.1)
    not_recorded(submitted, records, records / FRESH, "gap", commit=None, error=SpecError)


def test_the_first_fresh_prompts_of_a_model_stay(submitted, records, fetched):
    """Else a gap would go away by merging something again."""
    record_submission(submitted.entry, records, COMMIT)
    submitted.evaluate(fetched, records, "d4" * 20)
    record_submission(submitted.entry, records, "d4" * 20)
    assert submitted.entry.fresh_records()[RUN].commit == COMMIT


def test_a_further_seed_is_added_beside_the_first(submitted, records, fetched, tmp_path):
    record_submission(submitted.entry, records, COMMIT)
    first = (submitted.folder / "results" / RECORD).read_bytes()
    submitted.add_run(1, OTHER, tiny_files(tmp_path / "second", seed=1))
    submitted.lay_out(fetched)
    submitted.evaluate(fetched, records, COMMIT)
    outcomes = record_submission(submitted.entry, records, COMMIT)
    assert outcomes == [f"{RUN}: recorded already, and the numbers are identical", "tiny-v1-seed-1: recorded"]
    assert (submitted.folder / "results" / RECORD).read_bytes() == first
    assert list(submitted.entry.records()) == [RUN, "tiny-v1-seed-1"]


def test_a_task_may_have_a_spec_of_its_own(submitted, records, fetched, tmp_path):
    wider = tiny_files(tmp_path / "wider", width=16)
    files = submitted.files[0] | {name: wider[name] for name in wider if name.startswith("vector_mqar/")}
    submitted.add_run(0, REVISION, files)
    submitted.lay_out(fetched)
    with raises(CheckpointError, "other-spec", naming="vector_mqar/config.json"):
        submitted.evaluate(fetched, records)
    submitted.change(lambda value: value.update(specs={"vector_mqar": SPEC | {"width": 16}}))
    submitted.evaluate(fetched, records, COMMIT)
    record_submission(submitted.entry, records, COMMIT)
    tasks = submitted.entry.records()[RUN].tasks
    assert {name: task.checkpoint.spec["width"] for name, task in tasks.items()} == {
        "linear_regression": 8,
        "vector_mqar": 16,
    }


@pytest.fixture
def retrained(submitted: Submitted, records, fetched, tmp_path) -> Submitted:
    """A recorded submission whose run of seed 0 has other weights since, evaluated."""
    record_submission(submitted.entry, records, COMMIT)
    other = tiny_files(tmp_path / "retrained", seed=0, training={"seed": 0, "steps": 1}, final_norm="rmsnorm")
    weights = tiny_files(tmp_path / "other", seed=5)
    files = {name: (weights if name.endswith(".safetensors") else other)[name] for name in other}
    submitted.change(
        lambda value: value.update(supersedes={"revision": REVISION, "reason": "Trained longer."})
    )
    submitted.add_run(0, OTHER, files)
    submitted.lay_out(fetched)
    submitted.evaluate(fetched, records, COMMIT)
    return submitted


def test_other_weights_are_refused_unless_they_supersede_the_recorded_revision(retrained, records):
    entry = retrained.entry
    silent = SubmissionFolder(entry.path, entry.submission.model_copy(update={"supersedes": None}))
    with raises(CheckError, "not-superseded", naming=(RUN, REVISION)):
        record_submission(silent, records, COMMIT)
    retrained.change(lambda value: value.update(supersedes=None))
    with raises(SpecError, naming="supersedes"):
        assert retrained.entry


def test_superseded_results_are_kept_with_the_reason(retrained, records):
    before = {path.name: path.read_bytes() for path in (retrained.folder / "results").iterdir()}
    assert record_submission(retrained.entry, records, COMMIT) == [f"{RUN}: recorded, superseding {REVISION}"]
    history = retrained.folder / "results/superseded" / REVISION[:12]
    assert {path.name: path.read_bytes() for path in history.iterdir()} == before | {
        f"{RUN}.reason.txt": b"Trained longer.\n"
    }
    assert retrained.entry.records()[RUN].model.revision == OTHER
    assert retrained.entry.fresh_records()[RUN].model.revision == OTHER
    again = record_submission(retrained.entry, records, COMMIT)
    assert again == [f"{RUN}: recorded already, and the numbers are identical"]


def test_a_run_that_is_superseded_without_a_successor_goes_to_the_history(
    submitted, records, fetched, tmp_path
):
    record_submission(submitted.entry, records)
    submitted.add_run(1, OTHER, tiny_files(tmp_path / "second", seed=1))
    submitted.lay_out(fetched)
    submitted.evaluate(fetched, records)
    submitted.change(lambda value: value.update(runs=value["runs"][1:]))
    entry_of = SubmissionFolder(submitted.folder, read_submission(submitted.folder))
    with raises(CheckError, "run-removed", naming=RUN):
        record_submission(entry_of, records)
    submitted.change(
        lambda value: value.update(supersedes={"revision": [REVISION], "reason": "A wrong recipe."})
    )
    outcomes = record_submission(submitted.entry, records)
    assert outcomes == ["tiny-v1-seed-1: recorded", f"{RUN}: superseded, and no longer a run"]
    assert list(submitted.entry.records()) == ["tiny-v1-seed-1"]
    assert (submitted.folder / "results/superseded" / REVISION[:12] / RECORD).is_file()


def scaled(path: Path, factor: float) -> None:
    """What another machine would find: every error of the model a little larger, aggregates with them."""
    record, suite = load_record(path), load_suite("tiny")
    tasks = {}
    for name, task in record.tasks.items():
        errors = factor * np.array(task.prompt_errors)
        curves = {
            key: [factor * x for x in getattr(task.error_curves, key)]
            for key in ("model", "model_low", "model_high")
        }
        update = {
            "estimates": estimates(suite, name, errors, {}, suite_anchors(suite, suite.task(name))),
            "prompt_errors": errors.tolist(),
            "error_curves": task.error_curves.model_copy(update=curves),
        }
        tasks[name] = task.model_copy(update=update)
    record.model_copy(update={"tasks": tasks}).save(path)


def test_rounding_of_another_machine_keeps_what_is_recorded(submitted, records):
    (records / FRESH).unlink()
    record_submission(submitted.entry, records)
    before = files_of(submitted.folder)
    scaled(records / RECORD, 1 + 1e-6)
    assert record_submission(submitted.entry, records) == [f"{RUN}: recorded already, and the numbers agree"]
    assert files_of(submitted.folder) == before


def test_fresh_prompts_are_held_against_the_record_that_stays(submitted, records):
    """Not against that of the machine that drew them, which is not kept."""
    sent = load_fresh_record(records / FRESH)
    (records / FRESH).unlink()
    record_submission(submitted.entry, records)
    scaled(records / RECORD, 1 + 1e-6)
    with_gaps_to(load_record(records / RECORD), sent).save(records / FRESH)
    record_submission(submitted.entry, records, COMMIT)
    (fresh,) = submitted.entry.fresh_records().values()
    assert fresh == with_gaps_to(submitted.entry.records()[RUN], fresh)
    assert fresh != with_gaps_to(load_record(records / RECORD), fresh)


def test_another_score_of_the_same_revision_is_refused(submitted, records):
    (records / FRESH).unlink()
    record_submission(submitted.entry, records)
    scaled(records / RECORD, 0.9)
    named = (RUN, REVISION, "linear_regression")
    not_recorded(submitted, records, *named, code="not-superseded", commit=None, error=CheckError)
    submitted.change(
        lambda value: value.update(supersedes={"revision": REVISION, "reason": "A fault of ours."})
    )
    assert record_submission(submitted.entry, records) == [f"{RUN}: recorded, superseding {REVISION}"]
    scaled(records / RECORD, 0.9)
    not_recorded(submitted, records, RUN, REVISION[:12], code="same-reason", commit=None, error=InputError)
    submitted.change(
        lambda value: value.update(supersedes={"revision": REVISION, "reason": "Another fault of ours."})
    )
    assert record_submission(submitted.entry, records) == [f"{RUN}: recorded, superseding {REVISION}"]
    history = submitted.folder / "results/superseded"
    assert {path.parent.name: path.read_text() for path in history.glob("*/*.txt")} == {
        REVISION[:12]: "A fault of ours.\n",
        f"{REVISION[:12]}-2": "Another fault of ours.\n",
    }
    assert validate(submitted.folder) == []
    submitted.change(lambda value: value.update(spec=SPEC | {"width": 16}))  # that replacement is done
    assert "is recorded of other weights or specs" in str(validate(submitted.folder)[0])
    submitted.change(lambda value: value.update(spec=SPEC))
    (history / REVISION[:12] / f"{RUN}.reason.txt").unlink()
    assert [
        "why the record beside it was replaced; restore it" in str(fault)
        for fault in validate(submitted.folder)
    ] == [True]


def test_of_several_runs_all_are_recorded_or_none(submitted, records, fetched, tmp_path):
    submitted.add_run(1, OTHER, tiny_files(tmp_path / "second", seed=1))
    submitted.lay_out(fetched)
    submitted.evaluate(fetched, records, COMMIT)
    edit(records / "tiny-v1-seed-1.json", (*LINEAR, "estimates", "score", "value"), 0.99)
    not_recorded(submitted, records, "tiny-v1-seed-1.json")
    assert not (submitted.folder / "results").exists()


def test_a_disk_that_fills_up_leaves_what_was_recorded(retrained, records, monkeypatch):
    before = files_of(retrained.folder)

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError):
        record_submission(retrained.entry, records, COMMIT)
    assert files_of(retrained.folder) == before
    assert [path.name for path in retrained.folder.iterdir() if path.name.startswith(".")] == []
    shutil.rmtree(records)
