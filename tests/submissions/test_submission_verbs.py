"""`icl-bench submissions`: a maintainer runs the whole chain from a shell; each refusal is one line."""

import json
import subprocess

import pytest
from hub_server import HubServer
from models.conftest import hub  # noqa: F401  # a fixture
from models.small import files_of
from submissions.submitted import COMMIT, MODEL, SPEC, run_entry, submission_value, write
from submissions.test_submission_evaluate import LINEAR, untrained
from typer.testing import CliRunner

from icl_bench.cli import app
from icl_bench.models.checkpoint import save_checkpoint

pytestmark = pytest.mark.slow


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["submissions", *map(str, arguments)])
    assert len(result.stderr.splitlines()) <= 1, result.stderr
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def folder(hub: HubServer, tmp_path):  # noqa: F811
    """A submission of one task of mini-v1, on a Hub."""
    save_checkpoint(untrained(SPEC), tmp_path / "repo" / LINEAR)
    files = files_of(tmp_path / "repo")
    commit = hub.repo(MODEL, files).refs["main"]
    value = submission_value([run_entry(0, files, commit)], suites=["mini-v1"])
    return write(tmp_path / "submissions", value)


def test_from_a_file_to_recorded_results(folder, tmp_path):
    """One step a verb, as the workflows take them."""
    fetched, out = tmp_path / "fetched", tmp_path / "out"
    assert run("validate", folder) == (0, f"{folder}: valid\n", "")
    assert run("fetch", folder, "--into", fetched) == (0, f"{fetched / 'mini-v1-seed-0'}\n", "")
    result = CliRunner().invoke(
        app,
        [
            "submissions",
            "evaluate",
            str(folder),
            "--fetched",
            str(fetched),
            "--out",
            str(out),
            "--commit",
            COMMIT,
        ],
    )
    assert result.exit_code == 0, result.stderr
    assert result.stdout.split() == [f"{out}/mini-v1-seed-0.json", f"{out}/mini-v1-seed-0.fresh.json"]
    recorded = run("record", folder, "--results", out, "--commit", COMMIT)
    assert recorded == (0, "mini-v1-seed-0: recorded\n", "")
    assert run("validate", folder / "submission.yaml") == (0, f"{folder / 'submission.yaml'}: valid\n", "")
    forged = json.loads((out / "mini-v1-seed-0.json").read_text())
    forged["tasks"][LINEAR]["estimates"]["score"]["value"] = 0.99
    (out / "mini-v1-seed-0.json").write_text(json.dumps(forged))
    code, stdout, stderr = run("record", folder, "--results", out)
    assert (code, stdout) == (2, "")
    assert f"error: {out}/mini-v1-seed-0.json: tasks.{LINEAR}.estimates.score" in stderr


def test_every_fault_is_a_line_and_the_answer_is_no(folder, tmp_path):
    other = write(tmp_path / "submissions", submission_value(licence="mine", authors=[]), "ana__second")
    code, stdout, stderr = run("validate", folder, other)
    assert code == 1
    assert stdout.splitlines()[0] == f"{folder}: valid"
    assert len(stdout.splitlines()) == 4
    assert stderr == "error: 3 faults\n"


def test_steps_after_a_fault_say_it_before_they_begin(folder, tmp_path, hub):  # noqa: F811
    write(folder.parent, submission_value(licence="mine"))
    message = "unknown licence 'mine'"
    for verb in (("fetch", "--into"), ("evaluate", "--fetched", "x", "--out"), ("record", "--results")):
        code, stdout, stderr = run(verb[0], folder, *verb[1:], tmp_path / "x")
        assert (code, stdout) == (2, "")
        assert message in stderr
    assert hub.requests == []
    assert not (tmp_path / "x").exists()


def test_a_commit_that_is_none_is_reported_before_anything_is_evaluated(folder, tmp_path):
    code, _, stderr = run(
        "evaluate", folder, "--fetched", tmp_path, "--out", tmp_path / "out", "--commit", "main"
    )
    assert (code, stderr.count("\n"), "'main'" in stderr) == (2, 1, True)


def test_a_pull_request_is_one_file(tmp_path):
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("commit", "-q", "--allow-empty", "-m", "first")
    git("checkout", "-q", "-b", "request")
    write(tmp_path / "submissions", submission_value())
    git("add", ".")
    git("commit", "-q", "-m", "second")
    expected = "submissions/someone__model/submission.yaml: is added, alone\n"
    assert run("diff", "main", "--repository", tmp_path) == (0, expected, "")
    git("branch", "merged")
    write(tmp_path / "submissions", submission_value(authors=["Somebody else"]))
    git("commit", "-q", "--all", "-m", "of another")
    expected = "submissions/someone__model/submission.yaml: is changed, alone; ask who submitted it\n"
    assert run("diff", "merged", "--repository", tmp_path) == (0, expected, "")
    (tmp_path / "setup.py").write_text("")
    git("add", ".")
    git("commit", "-q", "-m", "third")
    code, stdout, stderr = run("diff", "main", "--repository", tmp_path)
    assert (code, stderr) == (1, "error: 1 fault\n")
    assert stdout.startswith("'setup.py': a submission changes")
