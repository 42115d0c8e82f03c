"""Records of a submitted language model: evaluated, held against the submission, on the board, reproduced."""

import json
from dataclasses import replace

import numpy as np
import pytest
from models.small import files_of
from raising import raises
from submissions.language_models import CONFIG, TASK, TEXT_RUN, TEXT_SUITE, WEIGHTS, with_config
from submissions.submitted import COMMIT, MODEL, OTHER, REVISION, edit, faults, not_recorded, run_entry

from icl_bench.errors import CheckError, CheckpointError, HubError, SpecError
from icl_bench.leaderboard.board_data import board_data
from icl_bench.leaderboard.entries import board_of, recomputable_runs, recorded_entries, state_of
from icl_bench.records.agree import agreements
from icl_bench.records.keep import united
from icl_bench.records.read import load_record
from icl_bench.records.reproduce import check_weights
from icl_bench.specs.result import ResultRecord
from icl_bench.submissions import incoming
from icl_bench.submissions.incoming import check_run_record
from icl_bench.submissions.language_models import source_of
from icl_bench.submissions.record import record_submission
from icl_bench.submissions.recorded import installed_submissions
from icl_bench.submissions.sandboxed import evaluate_run
from icl_bench.submissions.submission_folder import run_identity

RECORD, FRESH = f"{TEXT_RUN}.json", f"{TEXT_RUN}.fresh.json"


@pytest.fixture
def record(text_records) -> ResultRecord:
    return load_record(text_records / RECORD)


def test_the_record_names_the_files_that_are_listed(record, text_submitted):
    assert (record.model.kind, record.model.id, record.model.revision) == ("language_model", MODEL, REVISION)
    result = record.tasks[TASK]
    assert (record.suite.name, record.missing, result.checkpoint) == (TEXT_SUITE, {}, None)
    assert result.language_model.files == text_submitted.value["runs"][0]["files"]
    assert result.language_model.architecture == "llama"
    assert len(result.label_shares) == result.points
    assert set(result.label_shares) <= set(np.clip(result.label_shares, 0, 1))


def test_fresh_prompts_are_of_the_same_files(text_records, record):
    fresh = json.loads((text_records / FRESH).read_text())
    assert fresh["commit"] == COMMIT
    assert fresh["tasks"][TASK]["sha256"] == record.tasks[TASK].language_model.sha256
    assert fresh["tasks"][TASK]["prompt_errors"] != record.tasks[TASK].prompt_errors
    assert "label_shares" not in fresh["tasks"][TASK]


def test_files_that_are_not_as_listed_are_not_asked(text_submitted, tmp_path):
    text_submitted.files[0] |= {CONFIG: text_submitted.files[0][CONFIG] + b" "}
    text_submitted.lay_out(tmp_path)
    with raises(HubError, "not-as-listed", naming=CONFIG):
        evaluate_run(text_submitted.folder, TEXT_RUN, tmp_path / TEXT_RUN, None)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"max_position_embeddings": 40}, "context-too-short"),
        ({"num_hidden_layers": 3}, "missing-tensor"),
        ({"vocab_size": 5}, "unloadable"),
    ],
)
def test_a_model_that_cannot_answer_ends_in_one_line(text_submitted, tmp_path, changes, code):
    files = with_config(text_submitted.files[0], **changes)
    text_submitted.files[0] = files
    text_submitted.change(lambda value: value.update(runs=[run_entry(0, files)]))
    text_submitted.lay_out(tmp_path)
    with raises(CheckpointError, code):
        evaluate_run(text_submitted.folder, TEXT_RUN, tmp_path / TEXT_RUN, None)


def test_it_is_recorded_once_and_then_agrees(text_submitted, text_records):
    (line,) = record_submission(text_submitted.entry, text_records, COMMIT)
    assert line == f"{TEXT_RUN}: recorded"
    assert files_of(text_submitted.folder / "results") == files_of(text_records)
    (line,) = record_submission(text_submitted.entry, text_records, COMMIT)
    assert line == f"{TEXT_RUN}: recorded already, and the numbers are identical"
    assert faults(text_submitted.folder) == []


LANGUAGE_MODEL = ("tasks", TASK, "language_model")
FILE = (*LANGUAGE_MODEL, "files", WEIGHTS)


@pytest.mark.parametrize(
    ("keys", "new", "code"),
    [
        (FILE, "d4" * 32, "other-files"),
        ((*LANGUAGE_MODEL, "files", "evil.py"), "d4" * 32, "other-files"),
        (LANGUAGE_MODEL, None, "other-files"),
        ((*LANGUAGE_MODEL, "architecture"), "<b>", None),
        ((*LANGUAGE_MODEL, "architecture"), "x" * 90, "no-such-model"),
        ((*LANGUAGE_MODEL, "parameters"), 10**9, "no-such-model"),
        ((*LANGUAGE_MODEL, "library"), "x" * 200, "no-such-model"),
        (("tasks", TASK, "label_shares"), None, "no-label-shares"),
        (("tasks", TASK, "label_shares"), [1.1] * 6, None),
        (("tasks", TASK, "label_shares"), [-0.1] * 6, None),
        (("tasks", TASK, "label_shares"), [0.5] * 5, None),
        (("tasks", TASK, "estimates", "score", "value"), 0.99, "changed-record"),
        (("missing",), {"other": "why"}, "other-tasks"),
        (("model", "kind"), "hub", None),
        (("model", "revision"), OTHER, None),
        (("environment", "device"), "cuda", None),
    ],
)
def test_a_forged_record_is_not_recorded(text_submitted, text_records, keys, new, code):
    edit(text_records / RECORD, keys, new)
    not_recorded(text_submitted, text_records, code=code, error=SpecError)


def test_fresh_prompts_of_other_files_are_not_recorded(text_submitted, text_records):
    edit(text_records / FRESH, ("tasks", TASK, "sha256"), "d4" * 32)
    not_recorded(text_submitted, text_records, FRESH, error=SpecError)


def test_a_record_of_a_language_model_is_none_of_checkpoints(submitted, records):
    edit(records / "tiny-v1-seed-0.json", ("tasks", "linear_regression", "label_shares"), [0.5] * 9)
    not_recorded(submitted, records, code="in-text", error=SpecError)


def test_other_files_supersede_and_do_not_replace(text_submitted, text_records, text_files):
    record_submission(text_submitted.entry, text_records, COMMIT)
    files = with_config(text_files, note="another")
    text_submitted.change(lambda value: value.update(runs=[run_entry(0, files)]))
    (fault,) = faults(text_submitted.folder)
    assert f"{TEXT_RUN} is recorded of other weights" in fault


def test_it_stands_on_the_board_ranked_by_fresh_prompts_and_re_evaluated(text_entry, text_suite):
    assert (text_entry.ranked_on_fresh, state_of(text_entry, [TASK])) == ({TASK}, "re-evaluated")
    (row,) = board_data(board_of(text_suite, [text_entry]), [text_entry]).models
    assert (row.name, row.kind, row.state) == (MODEL, "language model", "re-evaluated")
    assert row.division == "open"
    ranked = text_entry.contender(text_suite).runs[TASK][0]
    assert ranked.tolist() != text_entry.records[0].tasks[TASK].prompt_errors


@pytest.mark.usefixtures("text_entry")
def test_a_row_of_other_files_is_self_reported(text_submitted, text_suite):
    files = text_submitted.value["runs"][0]["files"] | {CONFIG: "d4" * 32}
    text_submitted.change(lambda value: value["runs"][0].update(files=files))
    (entry,) = recorded_entries(text_suite, installed_submissions())
    assert (recomputable_runs(entry), state_of(entry, [TASK])) == ({TASK: [False]}, "self-reported")


def test_weights_are_compared_by_their_files_whatever_reads_them(
    record, text_submitted, text_suite, tmp_path
):
    text_submitted.lay_out(tmp_path)
    (run,) = text_submitted.entry.submission.runs
    source = source_of(run_identity(text_submitted.entry.submission, run), tmp_path / TEXT_RUN, text_suite)
    check_weights(with_language_model(record, library="transformers 4.0"), source, text_suite, "it", MODEL)
    other = with_language_model(record, files=run.files | {CONFIG: "d4" * 32})
    with raises(CheckError, "other-weights", naming=(TASK, MODEL)):
        check_weights(other, source, text_suite, "it", MODEL)
    with raises(CheckError, "other-training", naming=(TASK, MODEL)):
        check_weights(with_language_model(record, parameters=5), source, text_suite, "it", MODEL)


def with_language_model(record: ResultRecord, **changes: object) -> ResultRecord:
    """A record of another language model."""
    result = record.tasks[TASK]
    changed = result.language_model.model_copy(update=changes)
    return record.model_copy(update={"tasks": {TASK: result.model_copy(update={"language_model": changed})}})


def test_evaluations_agree_by_their_shares_too(record):
    (same,) = agreements(with_language_model(record, library="another"), record)
    assert same.identical
    result = record.tasks[TASK]
    shares = [share - 0.001 for share in result.label_shares]
    changed = {TASK: result.model_copy(update={"label_shares": shares})}
    (agreement,) = agreements(record.model_copy(update={"tasks": changed}), record)
    assert not agreement.within_tolerance
    assert agreement.where.startswith("label_shares[")


def test_records_are_united_where_the_files_are_the_same(record):
    def named(name: str, of: ResultRecord) -> ResultRecord:
        model = of.model.model_copy(update={"id": name, "revision": None})
        return of.model_copy(update={"model": model})

    assert united(named("a", record), named("b", record)) == named("b", record)
    other = with_language_model(record, files={CONFIG: "d4" * 32})
    assert united(named("a", record), named("b", other)) is None
    assert (
        united(record, record.model_copy(update={"model": record.model.model_copy(update={"id": "x"})}))
        is None
    )


def test_a_record_of_one_given_by_hand_is_held_against_its_submission(record, text_submitted):
    (run,) = text_submitted.entry.submission.runs
    check_run_record(record, text_submitted.entry.submission, run, "it")
    with raises(SpecError, "other-files", naming=TASK):
        check_run_record(
            with_language_model(record, files={CONFIG: "d4" * 32}), text_submitted.entry.submission, run, "it"
        )


def test_the_tasks_of_a_record_are_of_one_language_model(record, text_submitted, text_suite, monkeypatch):
    tasks = {TASK: text_suite.task(TASK), "again": text_suite.task(TASK)}
    monkeypatch.setattr(incoming, "load_suite", lambda name: replace(text_suite, tasks=tasks))
    results = {TASK: record.tasks[TASK], "again": with_language_model(record, parameters=5).tasks[TASK]}
    (run,) = text_submitted.entry.submission.runs
    with raises(SpecError, "other-model", naming="again"):
        check_run_record(
            record.model_copy(update={"tasks": results}), text_submitted.entry.submission, run, "it"
        )
