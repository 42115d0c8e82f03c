"""`icl-bench submit --open` opens the pull request by arguments alone, and says what keeps it from that."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from submissions.submitted import MODEL
from submissions.submitting import refused, submit
from typer.testing import CliRunner

from icl_bench.cli import app

pytestmark = pytest.mark.slow

GH = """#!/usr/bin/env python3
import json, os, sys
with open(os.environ["GH_LOG"], "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
sys.exit(int(os.environ.get("GH_" + sys.argv[1].upper().strip("-"), 0)))
"""


@pytest.fixture(autouse=True)
def _suite(tiny, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path, monkeypatch) -> Path:
    """A checkout with one commit, and a `gh` on PATH that notes what it is asked."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ana")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ana@example.org")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    folder = tmp_path / "clone of it"
    (folder / "submissions").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / "README.md").write_text("x")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    git(tmp_path, "clone", "-q", "--bare", str(folder), "origin.git")
    git(folder, "remote", "add", "origin", str(tmp_path / "origin.git"))
    (folder / "ahead.txt").write_text("on main here, and nowhere else")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "ahead")
    (folder / "unfinished.txt").write_text("not to be submitted")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/gh").write_text(GH)
    (tmp_path / "bin/gh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("GH_LOG", str(tmp_path / "gh.log"))
    return folder


def asked_gh(tmp_path: Path) -> list[list[str]]:
    log = tmp_path / "gh.log"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def test_the_pull_request_is_opened_where_gh_is_signed_in(repo, checkout, tmp_path):
    code, printed, _ = submit("--open", "--out", str(checkout / "submissions"))
    commit = repo.refs["main"]
    assert (code, "next, in a clone" in printed) == (0, False)
    body = f"{MODEL}: tiny-v1-seed-0 at {commit[:12]}."
    create = ["pr", "create", "--title", f"Submit {MODEL}", "--body", body]
    assert asked_gh(tmp_path) == [["--version"], ["auth", "status"], create]
    assert git(checkout, "rev-parse", "--abbrev-ref", "HEAD") == f"submit-someone__model-{commit[:8]}"
    assert (
        git(checkout, "diff", "--name-only", "origin/main...HEAD")
        == "submissions/someone__model/submission.yaml"
    )
    assert git(checkout, "status", "--porcelain") == "?? unfinished.txt"
    (tmp_path / "out").mkdir()
    changed = CliRunner().invoke(app, ["submissions", "diff", "origin/main", "--repository", str(checkout)])
    assert changed.exit_code == 0


def test_without_it_the_steps_are_those_of_the_checkout(repo, checkout, tmp_path):
    _, printed, _ = submit("--out", str(checkout / "submissions"))
    assert f"\nnext, in {checkout}:\ngit fetch origin main\n" in printed
    assert asked_gh(tmp_path) == []


def test_what_keeps_it_from_being_opened_is_reported_before_the_work(
    repo, hub, checkout, tmp_path, monkeypatch
):
    monkeypatch.setenv("GH_AUTH", "1")
    assert "gh is not signed in; run `gh auth login`, or leave out --open" in refused("--open")
    monkeypatch.delenv("GH_AUTH")
    message = refused("--open", "--out", str(tmp_path / "submissions"))
    assert "is not the folder submissions of a checkout; clone the repository and give --out there" in message
    assert "is not the folder submissions" in refused("--open", "--out", str(checkout / "elsewhere"))
    (tmp_path / "bin/gh").unlink()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert "gh not found; install it from https://cli.github.com, or leave out --open" in refused("--open")
    assert hub.requests == []


def test_a_step_that_fails_leaves_the_file_and_says_what_is_left(repo, checkout, monkeypatch):
    monkeypatch.setenv("GH_PR", "4")
    message = refused("--open", "--out", str(checkout / "submissions"))
    assert (
        "gh pr ended with 4 and the submission is written; fix that, then run gh pr create --title" in message
    )
    assert (checkout / "submissions/someone__model/submission.yaml").is_file()
