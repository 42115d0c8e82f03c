"""Other eyes on the workflows: zizmor for security, shellcheck for shell, actionlint for the rest."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from workflow_files import ROOT, steps

pytestmark = pytest.mark.slow

BESIDE = Path(sys.executable).parent


def run(tool: str, *arguments: str, text: str | None = None) -> str:
    """What a linter says; a skip where it is not installed."""
    executable = shutil.which(tool, path=str(BESIDE)) or shutil.which(tool)
    if executable is None:
        pytest.skip(f"{tool} is not installed")
    done = subprocess.run(
        [executable, *arguments], cwd=ROOT, input=text, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_zizmor_finds_nothing() -> None:
    assert run("zizmor", "--offline", "--persona=pedantic", "--no-progress", ".github") == ""


@pytest.mark.parametrize("step", [step for step in steps() if step.run], ids=str)
def test_shellcheck_finds_nothing_in_a_step(step) -> None:
    assert run("shellcheck", "--shell=bash", "-", text=f"set -eo pipefail\n{step.run}") == ""


def test_shellcheck_finds_nothing_in_the_script() -> None:
    assert run("shellcheck", ".github/isolated") == ""


def test_actionlint_finds_nothing() -> None:
    """Its package fetches a program from GitHub, so the test extra has none; the lint job of ci runs it."""
    assert run("actionlint") == ""
