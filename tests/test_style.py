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
