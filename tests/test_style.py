"""The tree keeps to its layout; `make lint` holds style and types."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOP_LEVEL = {"benchmark", "submissions", "leaderboard", "tasks", "tests", ".github", ".ci"}


def test_only_the_agreed_folders_are_tracked() -> None:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail("the tests run in a git checkout; clone the repository instead of copying it")
    folders = {line.split("/")[0] for line in done.stdout.splitlines() if "/" in line}
    assert folders <= TOP_LEVEL


@pytest.mark.parametrize(
    ("pattern", "attribute"),
    [("tasks/*/lock.json", "eol: lf"), ("*.yaml", "eol: lf"), ("*.csv", "eol: lf"), ("*.npz", "text: unset")],
)
def test_a_checkout_has_the_same_bytes_whatever_git_is_set_to(pattern: str, attribute: str) -> None:
    """With core.autocrlf, git would write other line ends, and other bytes than those that are hashed."""
    listed = subprocess.run(
        ["git", "ls-files", pattern], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = listed.stdout.splitlines()[:3]
    assert files
    command = ["git", "check-attr", attribute.partition(":")[0], "--", *files]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [line.rpartition(f"{files[k]}: ")[2] for k, line in enumerate(shown.splitlines())] == [
        attribute
    ] * len(files)
