"""Whoever asks git is answered of the folder that is named, inside a hook of another repository too."""

import subprocess
from pathlib import Path

import pytest

from icl_bench import environment
from icl_bench.environment import describe_evaluator
from icl_bench.leaderboard import write
from icl_bench.leaderboard.write import data_date
from icl_bench.submissions.diff import changed_paths
from icl_bench.submissions.pull_request import checkout_around, open_pull_request

pytestmark = pytest.mark.slow

IDENTITY = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *IDENTITY, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def repository(folder: Path, day: str) -> Path:
    """A repository whose only commit, of that day, holds one task and one submission."""
    for name in ("tasks/a.yaml", "submissions/b.yaml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(day)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    dated = [f"--date={day}T12:00:00Z"]
    subprocess.run(
        ["git", "-C", str(folder), *IDENTITY, "commit", "-q", "-m", day, *dated],
        env={"GIT_COMMITTER_DATE": f"{day}T12:00:00Z", "PATH": "/usr/bin:/bin", "HOME": str(folder)},
        check=True,
    )
    return folder


@pytest.fixture
def asked(tmp_path, monkeypatch) -> tuple[Path, str]:
    """The repository that is asked about and its commit, inside a hook of another one."""
    folder = repository(tmp_path / "asked", "2024-05-06")
    commit = git(folder, "rev-parse", "HEAD")
    hooked = repository(tmp_path / "hooked", "2020-01-02")
    (hooked / "tasks/a.yaml").write_text("changed")
    monkeypatch.setenv("GIT_DIR", str(hooked / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(hooked))
    monkeypatch.setenv("GIT_INDEX_FILE", str(hooked / ".git/index"))
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")
    return folder, commit


def test_a_record_names_the_commit_of_this_checkout(asked, monkeypatch):
    folder, commit = asked
    monkeypatch.setattr(environment, "data_folder", lambda name: folder / name)
    evaluator = describe_evaluator()
    assert (evaluator.commit, evaluator.dirty) == (commit, False)


def test_a_site_is_dated_by_the_data_of_this_checkout(asked, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    monkeypatch.setattr(write, "data_folder", lambda name: asked[0] / name)
    assert data_date() == "2024-05-06"


def test_a_pull_request_is_compared_in_its_own_checkout(asked):
    assert changed_paths(asked[1], asked[0]) == []


def test_the_checkout_of_a_folder_is_the_one_around_it(asked):
    assert checkout_around(asked[0] / "submissions") == asked[0]


def test_what_git_is_asked_to_change_is_changed_there(asked, tmp_path):
    open_pull_request([["git", "switch", "--quiet", "--create", "submit"]], asked[0])
    read = {name: (tmp_path / name / ".git/HEAD").read_text() for name in ("asked", "hooked")}
    assert read == {"asked": "ref: refs/heads/submit\n", "hooked": "ref: refs/heads/main\n"}


def test_how_git_is_configured_is_kept(asked, monkeypatch):
    """As where a checkout of another user is declared safe, or whose name a commit bears."""
    for name, value in {"COUNT": "1", "KEY_0": "user.name", "VALUE_0": "Ana"}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "ana@example.org")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "ana@example.org")
    commit = ["git", "commit", "--quiet", "--allow-empty", "--message", "x"]
    open_pull_request([commit], asked[0])
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name)
    assert git(asked[0], "log", "-1", "--format=%an %ae") == "Ana ana@example.org"
