"""Other eyes on the workflows: zizmor for security, shellcheck for shell, actionlint for the rest."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from workflow_files import ROOT, steps

pytestmark = pytest.mark.slow

BESIDE = Path(sys.executable).parent


def executable(tool: str) -> str | None:
    """Where a linter is, beside this Python or elsewhere."""
    return shutil.which(tool, path=str(BESIDE)) or shutil.which(tool)


def run(tool: str, *arguments: str, text: str | None = None) -> str:
    """What a linter says; a skip where it is not installed."""
    program = executable(tool)
    if program is None:
        pytest.skip(f"{tool} is not installed")
    done = subprocess.run(
        [program, *arguments], cwd=ROOT, input=text, capture_output=True, text=True, check=False
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
    """A fork of it: the original knows no `queue` of `concurrency`, and would fail the lint job of ci."""
    assert run("actionlint", *(["-shellcheck", found] if (found := executable("shellcheck")) else [])) == ""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("queue: max", "queue: all"),
        ("needs.fetch.outputs.commit", "needs.fetch.outputs.comit"),
        ("timeout-minutes: 30", "timeout-minute: 30"),
    ],
)
def test_actionlint_finds_what_would_not_run(tmp_path: Path, right: str, wrong: str) -> None:
    text = (ROOT / ".github/workflows/evaluate.yml").read_text(encoding="utf-8")
    assert right in text
    file = tmp_path / "evaluate.yml"
    file.write_text(text.replace(right, wrong).replace("uses: ./.github", f"uses: {ROOT}/.github"))
    assert wrong.split(": ")[-1].split(".")[-1] in run("actionlint", "-shellcheck=", str(file))
