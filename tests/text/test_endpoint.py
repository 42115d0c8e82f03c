"""`icl-bench evaluate MODEL --endpoint URL`: its record, what it refuses, and how it goes on when it was
interrupted."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from completions_server import SINGLE, CompletionsServer, Reply, TinyModel
from raising import raises
from text.served import PROMPTS, spoken, spoken_folder  # noqa: F401
from typer.testing import CliRunner

from icl_bench.cli import app
from icl_bench.entries.endpoint import open_endpoint
from icl_bench.errors import InputError, ServerError
from icl_bench.records.read import load_record
from icl_bench.records.reproduce import model_of
from icl_bench.suites import load_suite

KEY = "sk-very-secret-7"
pytestmark = pytest.mark.slow


@pytest.fixture
def server():
    with CompletionsServer(TinyModel(SINGLE)).running() as running:
        yield running


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def evaluate(server, *arguments):
    return run("evaluate", "tiny", "--endpoint", server.url, "--suite", "spoken", *arguments)


def test_a_served_model_has_a_record(server, spoken, tmp_path):  # noqa: F811
    done = evaluate(server)
    assert done.exit_code == 0, done.stderr
    assert f"majority: {PROMPTS}/{PROMPTS}" in done.stderr
    assert len(server.requests) == 2 * PROMPTS  # nothing is asked twice
    record = load_record(tmp_path / "results" / "tiny-spoken-v1.json")
    assert record.model.model_dump() == {"kind": "endpoint", "id": "tiny", "revision": None}
    for task in record.tasks.values():
        assert task.checks == ["finiteness"]
        assert 0 < task.label_share < 1
    assert record.environment.device == "server"
    assert record.environment.processor is None  # that of the server is not known
    assert "127.0.0.1" not in record.to_json()
    with raises(InputError, "served-model", naming="tiny"):
        model_of(record)


def test_a_finished_evaluation_leaves_no_answers_behind(server, spoken, tmp_path):  # noqa: F811
    assert evaluate(server, "--task", "majority").exit_code == 0
    assert list((tmp_path / "cache" / "icl-bench" / "endpoint").iterdir()) == []
    again = evaluate(server, "--task", "majority")
    assert "answered before" not in again.stderr
    assert len(server.requests) == 2 * PROMPTS


def test_an_interrupted_evaluation_goes_on_where_it_stopped(server, spoken, tmp_path):  # noqa: F811
    """The process is killed while the server thinks about the eleventh prompt."""
    whole = json.loads(evaluate(server, "--json").stdout)
    server.requests.clear()
    command = [sys.executable, "-c", "from icl_bench.cli import app; app()", "evaluate", "tiny"]
    options = ["--endpoint", server.url, "--suite", "spoken", "--json"]
    answered, killed = server.completion, threading.Event()

    def slow(request):
        if len(server.requests) > 10:
            killed.wait()
        return answered(request)

    server.completion = slow
    process = subprocess.Popen(
        [*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ)
    )
    while len(server.requests) < 11 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    killed.set()
    server.completion = answered
    asked = [request["prompt"] for request in server.requests]
    assert len(asked) == 11
    resumed = evaluate(server, "--json")
    assert "prompts answered before, which are not asked again: 10; delete " in resumed.stderr
    later = [request["prompt"] for request in server.requests[11:]]
    assert not set(asked[:10]) & set(later)
    assert len(later) == 2 * PROMPTS - 10
    record = json.loads(resumed.stdout)
    for name, task in record["tasks"].items():
        assert task["prompt_errors"] == whole["tasks"][name]["prompt_errors"]


def test_the_key_is_in_no_output_record_or_cache(server, spoken, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("ICL_BENCH_API_KEY", KEY)
    server.key = KEY
    server.faults = [Reply(400, json.dumps({"message": f"{KEY}?"}).encode())] * 2
    refused = evaluate(server)
    done = evaluate(server, "--json", "--output", "record.json")
    assert (refused.exit_code, done.exit_code) == (2, 0)
    assert set(server.keys) == {f"Bearer {KEY}"}
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 1
    outputs = [refused.output, refused.stderr, done.output, done.stderr]
    assert not any(KEY.encode() in content for content in [*written, *(text.encode() for text in outputs)])


OPTIONS = {"revision": "main", "device": "cuda", "loops": 8}


@pytest.mark.parametrize("option", OPTIONS)
def test_options_of_models_that_are_loaded_are_refused(spoken, option):  # noqa: F811
    with raises(InputError, "not-of-endpoints", naming=f"--{option}"):
        open_endpoint("tiny", "http://localhost:1/v1", spoken, **{option: OPTIONS[option]})


def test_a_suite_of_numbers_is_refused():
    with raises(InputError, "asked-in-numbers", naming=("mini-v1", "--suite text-boolean")):
        open_endpoint("tiny", "http://localhost:1/v1", load_suite("mini"))


@pytest.mark.parametrize("name", ["", "two\nlines", "x" * 400])
def test_a_name_that_cannot_be_recorded_is_refused(spoken, name):  # noqa: F811
    with raises(InputError, "unprintable-name"):
        open_endpoint(name, "http://localhost:1/v1", spoken)


def test_a_cache_that_cannot_be_written_is_said_before_anything_is_asked(
    server,
    spoken,  # noqa: F811
    tmp_path,
):
    (tmp_path / "cache").mkdir(exist_ok=True)
    (tmp_path / "cache" / "icl-bench").write_text("in the way")
    done = evaluate(server)
    assert done.exit_code == 2
    assert "not a folder" in done.stderr
    assert server.requests == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--endpoint", "localhost:8000"], "is no address of a server"),
        (["--endpoint", "http://me:secret@localhost/v1"], "holds a name or password"),
        (["--endpoint", "http://127.0.0.1:9/v1"], "no server answers at http://127.0.0.1:9/v1"),
        (["--endpoint", "http://127.0.0.1:9/v1", "--device", "cuda"], "leave out --device"),
        (["--endpoint", "http://127.0.0.1:9/v1", "--revision", "main"], "leave out --revision"),
        (["--endpoint", "http://127.0.0.1:9/v1", "--loops", "2"], "leave out --loops"),
        (["--endpoint", "http://127.0.0.1:9/v1", "--suite", "mini"], "asked in numbers"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(spoken, monkeypatch, arguments, message):  # noqa: F811
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    done = run("evaluate", "tiny", "--suite", "spoken", *arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert "secret" not in done.stderr


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(401), "refuses the key"),
        (Reply(404, b'{"message": "The model `tiny` does not exist."}'), "serves no model 'tiny'"),
        (Reply(200, b'{"choices": [{"text": "", "logprobs": null}]}'), "without the log-probabilities"),
        (Reply(200, b"hello"), "is no completion"),
    ],
)
def test_a_fault_of_the_server_is_one_line_and_exit_2(server, spoken, tmp_path, reply, message):  # noqa: F811
    server.faults = [reply]
    done = evaluate(server)
    assert done.exit_code == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "results").exists()


def test_without_an_endpoint_a_served_name_is_of_no_kind(spoken):  # noqa: F811
    done = run("evaluate", "tiny", "--suite", "spoken")
    assert done.exit_code == 2
    assert "unknown model 'tiny'" in done.stderr


def test_a_fault_of_a_server_is_an_error_of_input():
    """Whoever catches what a user did wrong catches it too."""
    assert issubclass(ServerError, InputError)
