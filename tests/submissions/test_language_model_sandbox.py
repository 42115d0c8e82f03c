"""A submitted language model is evaluated in a process of its own, without a network and without its code."""

import pytest
from hub_server import HubServer
from raising import raises
from submissions.language_models import (
    TASK,
    TEXT_RUN,
    language_model_files,
    language_model_value,
    lock_text_suite,
)
from submissions.submitted import COMMIT, MODEL, Submitted, write

from icl_bench.errors import CheckError, InputError
from icl_bench.records.read import load_record
from icl_bench.resources import SUITES_VARIABLE
from icl_bench.submissions import evaluate
from icl_bench.submissions.evaluate import evaluate_submission
from icl_bench.submissions.limits import Limits
from icl_bench.submissions.record import record_submission

pytestmark = pytest.mark.slow


@pytest.fixture
def spoken(tmp_path, monkeypatch) -> Submitted:
    """A language model submitted on a suite that processes of their own know too, laid out as fetched."""
    (tmp_path / "tasks").mkdir()
    lock_text_suite(tmp_path / "tasks")
    monkeypatch.setenv(SUITES_VARIABLE, str(tmp_path / "tasks"))
    monkeypatch.setattr(evaluate, "_ENVIRONMENT", (*evaluate._ENVIRONMENT, SUITES_VARIABLE))
    files = language_model_files(tmp_path / "model")
    value = language_model_value(files)
    submitted = Submitted(write(tmp_path / "submissions", value), value, {0: files})
    submitted.lay_out(tmp_path / "fetched")
    return submitted


def test_records_come_out_and_no_code_of_the_folder_runs(spoken, tmp_path, monkeypatch):
    trap = tmp_path / "executed"
    for name in ("transformers.py", "tokenizers.py", "modeling_llama.py", "sitecustomize.py"):
        (tmp_path / name).write_text(f"open({str(trap)!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with HubServer().running() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        written = evaluate_submission(spoken.entry, tmp_path / "fetched", tmp_path / "out", COMMIT)
        assert server.requests == []
    assert sorted(path.name for path in written) == [f"{TEXT_RUN}.fresh.json", f"{TEXT_RUN}.json"]
    record = load_record(tmp_path / f"out/{TEXT_RUN}.json")
    assert (record.model.kind, record.model.id) == ("language_model", MODEL)
    assert record.tasks[TASK].language_model.files == spoken.value["runs"][0]["files"]
    (line,) = record_submission(spoken.entry, tmp_path / "out", COMMIT)
    assert line == f"{TEXT_RUN}: recorded"
    assert not trap.exists()


def test_a_model_that_takes_too_long_or_too_much_is_ended(spoken, tmp_path):
    with raises(CheckError, "no-result", naming=(TEXT_RUN, "1 s")):
        evaluate_submission(spoken.entry, tmp_path / "fetched", tmp_path / "out", limits=Limits(seconds=1))
    with raises(InputError, "out-of-memory", naming=TEXT_RUN):
        evaluate_submission(spoken.entry, tmp_path / "fetched", tmp_path / "out", limits=Limits(memory=2**23))
    assert not (tmp_path / "out").exists()


def test_a_file_beside_those_that_are_listed_is_not_even_looked_at(spoken, tmp_path):
    (tmp_path / "fetched" / TEXT_RUN / "modeling.py").write_text("1 / 0")
    with raises(InputError, "not-listed", naming=(TEXT_RUN, "modeling.py")):
        evaluate_submission(spoken.entry, tmp_path / "fetched", tmp_path / "out")
