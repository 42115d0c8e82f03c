"""A submission is evaluated in a process that has limits and no network; records alone come out."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hub_server import HubServer
from models.small import files_of
from raising import raises
from safetensors.torch import load_file, save_file
from submissions.submitted import (
    ATTENTION,
    COMMIT,
    MODEL,
    REVISION,
    SPEC,
    Submitted,
    run_entry,
    submission_value,
    write,
)

from icl_bench.errors import CheckError, HubError
from icl_bench.evaluation import fresh as fresh_evaluation
from icl_bench.evaluation import run as run_evaluation
from icl_bench.evaluation.rules import check_finite
from icl_bench.models.checkpoint import save_checkpoint
from icl_bench.models.initialise import initialise
from icl_bench.models.model import ICLModel
from icl_bench.records.read import load_record
from icl_bench.specs.fresh import FreshRecord
from icl_bench.submissions.evaluate import evaluate_submission
from icl_bench.submissions.limits import Limits
from icl_bench.submissions.sandboxed import evaluate_run
from icl_bench.submissions.submission_folder import SubmissionFolder
from icl_bench.submissions.validate import checked_submission

pytestmark = pytest.mark.slow

SUBLAYER = {"norm": "rmsnorm", "module": ATTENTION}
RUN = "tiny-v1-seed-0"
LINEAR = "linear_regression"


@pytest.fixture
def mini(tmp_path, monkeypatch) -> SubmissionFolder:
    """A submission to one task of mini-v1, which processes of their own know."""
    return submit(tmp_path, SPEC)


def untrained(spec: dict) -> ICLModel:
    model = ICLModel(spec=spec, d=5, k=1, task=f"mini-v1/{LINEAR}")
    initialise(model, torch.Generator().manual_seed(0))
    return model


def submit(root: Path, spec: dict, weights: bytes | None = None) -> SubmissionFolder:
    """A submission of an untrained model of a spec, or of other weights, laid out as fetched."""
    place = root / "fetched/mini-v1-seed-0"
    save_checkpoint(untrained(spec), place / LINEAR, torch.float16)
    if weights is not None:
        (place / LINEAR / "model.safetensors").write_bytes(weights)
    run = run_entry(0, files_of(place))
    folder = write(root / "submissions", submission_value([run], spec=spec, suites=["mini-v1"]))
    return checked_submission(folder)


def refused(
    entry: SubmissionFolder, root: Path, code: str, *naming: object, limits: Limits | None = None
) -> None:
    """Evaluating ends with one line about the run; nothing is written."""
    with raises(CheckError, code, naming=("mini-v1-seed-0: ", *naming)):
        evaluate_submission(entry, root / "fetched", root / "out", None, limits)
    assert not (root / "out").exists()


def test_records_come_out_and_nothing_else(mini, tmp_path, monkeypatch):
    """No network, no token, and no code of the working folder, which may be a stranger's checkout."""
    trap = tmp_path / "executed"
    for name in ("torch.py", "numpy.py", "datasets.py", "json.py", "sitecustomize.py"):
        (tmp_path / name).write_text(f"open({str(trap)!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with HubServer().running() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        files = evaluate_submission(mini, tmp_path / "fetched", tmp_path / "out", COMMIT)
        assert server.requests == []
    assert sorted(path.name for path in files) == ["mini-v1-seed-0.fresh.json", "mini-v1-seed-0.json"]
    assert set(files) == set((tmp_path / "out").iterdir())
    record = load_record(tmp_path / "out/mini-v1-seed-0.json")
    assert (record.model.kind, record.model.id, record.model.revision) == ("hub", MODEL, REVISION)
    assert list(record.tasks) == [LINEAR]
    assert set(record.missing.values()) == {f"{MODEL} has no checkpoint for it"}
    fresh = FreshRecord.model_validate_json((tmp_path / "out/mini-v1-seed-0.fresh.json").read_text())
    assert fresh.commit == COMMIT
    assert "hf_secret" not in "".join(path.read_text() for path in files)
    assert not trap.exists()


SLOW = {"width": 64, "layers": [{"repeat": 160, "sublayers": [SUBLAYER] * 4}]}


def test_a_model_that_never_finishes_is_ended_by_its_time(tmp_path):
    entry = submit(tmp_path, SPEC | SLOW)
    limits = Limits(cpu_seconds=6, seconds=300)
    refused(entry, tmp_path, "no-result", "6 s of processor time", limits=limits)
    refused(entry, tmp_path, "no-result", "3 s", limits=Limits(seconds=3))


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])  # one that is caught, one that is not
def test_the_process_that_evaluates_ends_with_its_parent(tmp_path, how):
    """Else it would compute for hours, with nobody to read what it finds."""
    entry = submit(tmp_path, SPEC | SLOW)
    command = [sys.executable, "-m", "icl_bench", "submissions", "evaluate", str(entry.path)]
    parent = subprocess.Popen(
        [*command, "--fetched", "fetched", "--out", "out"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert parent.stderr is not None
    assert parent.stderr.readline().startswith(f"{LINEAR}: ")  # the child is at work
    parent.send_signal(how)
    output, message = parent.communicate(timeout=20)  # once both have closed their ends
    assert output == ""
    if how == signal.SIGKILL:
        assert parent.returncode == -how
    else:
        assert (parent.returncode, message.splitlines()[-1]) == (130, "interrupted")
    assert not (tmp_path / "out").exists()


def test_a_model_that_eats_memory_is_ended(tmp_path):
    """A table of positions that takes a quarter of a GiB in float32, and nothing of it is used."""
    entry = submit(tmp_path, SPEC | {"width": 1_024, "positions": {"type": "learned", "max_tokens": 65_536}})
    refused(entry, tmp_path, "no-memory", limits=Limits(memory=2**27))


def test_a_model_that_answers_nan_is_refused(tmp_path):
    entry = submit(tmp_path, SPEC, weights_of_one_value(tmp_path, 3e8))
    refused(entry, tmp_path, "finiteness", LINEAR)


def weights_of_one_value(root: Path, value: float) -> bytes:
    """Weights that are finite, and lead to numbers that are not."""
    save_checkpoint(untrained(SPEC), root / "plain")
    path = root / "plain/model.safetensors"
    tensors = {name: torch.full_like(tensor, value * 1e30) for name, tensor in load_file(path).items()}
    save_file(tensors, path)
    return path.read_bytes()


def test_files_that_changed_since_they_were_fetched_are_not_evaluated(submitted, fetched):
    path = fetched / RUN / LINEAR / "model.safetensors"
    path.write_bytes(path.read_bytes() + b" ")
    with raises(HubError, "not-as-listed", naming="`icl-bench submissions fetch`"):
        evaluate_run(submitted.folder, RUN, fetched / RUN, None)


def test_a_link_or_a_file_too_many_is_not_evaluated(submitted: Submitted, fetched, tmp_path):
    path = fetched / RUN / LINEAR / "config.json"
    (fetched / RUN / "run.py").write_text("import os")
    with raises(HubError, "not-listed", naming="'run.py'"):
        evaluate_run(submitted.folder, RUN, fetched / RUN, None)
    (fetched / RUN / "run.py").unlink()
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    with raises(HubError, "not-as-listed", naming=path):
        evaluate_run(submitted.folder, RUN, fetched / RUN, None)


def test_a_model_that_is_not_causal_is_refused(submitted: Submitted, fetched, monkeypatch):
    """No spec leads to one; were a block to leak, the check would tell."""
    monkeypatch.setattr(ICLModel, "forward", lambda self, xs, ys: ys.clone())
    with raises(CheckError, "causality", naming="y_0 "):
        evaluate_run(submitted.folder, RUN, fetched / RUN, None)


def test_answers_that_are_finite_on_the_frozen_prompts_alone_are_refused(submitted, fetched, monkeypatch):
    def predict(predictor, prompts, task, progress):
        answers = np.full_like(prompts.ys, np.nan if "fresh" in task else 0)
        check_finite(answers, task)
        return answers

    for module in (run_evaluation, fresh_evaluation):
        monkeypatch.setattr(module, "predict_all", predict)
    monkeypatch.setattr(run_evaluation, "check_independence", lambda *arguments: None)
    with raises(CheckError, "finiteness", naming="linear_regression, fresh"):
        evaluate_run(submitted.folder, RUN, fetched / RUN, COMMIT)


def test_limits_travel_to_the_process():
    limits = Limits(memory=1, seconds=2, cpu_seconds=3, file_bytes=4, open_files=5, processes=6)
    assert Limits.from_text(limits.as_text()) == limits


def in_a_limited_process(code: str, folder: Path) -> subprocess.CompletedProcess:
    whole = (
        "from icl_bench.submissions.limits import *\n"
        "limit_this_process(Limits(memory=2**26, file_bytes=1000, open_files=20, cpu_seconds=1))\n"
        f"refuse_network()\n{code}\nprint('done')"
    )
    command = [sys.executable, "-c", whole]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = bytearray(2**27)", "MemoryError"),
        ("file = open('x', 'wb', buffering=0); file.write(b'x' * 1000); file.write(b'x')", "File too large"),
        ("files = [open('/dev/null') for _ in range(50)]", "Too many open files"),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "without a network"),
        ("import urllib.request; urllib.request.urlopen('https://example.org')", "without a network"),
        ("import socket; socket.socket().bind(('127.0.0.1', 0))", "without a network"),
    ],
    ids=range(6),
)  # fmt: skip
def test_what_a_limited_process_cannot_do(code, message, tmp_path):
    done = in_a_limited_process(code, tmp_path)
    assert message in done.stderr
    assert "done" not in done.stdout


def test_a_limited_process_is_ended_when_its_processor_time_is_used_up(tmp_path):
    assert in_a_limited_process("while True: pass", tmp_path).returncode == -signal.SIGXCPU
