"""The wheel carries its data: installed in a clean environment it runs from any directory."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
LEFT = (".icl-bench-abcdefgh.part", ".icl-bench-12345678.part/lock.json", ".icl-bench-abcdefgh.old/a/b.npz")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel, which sees this one's dependencies but not its editable install."""
    folder = tmp_path_factory.mktemp("packaging")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run([*pip, *build], check=True)
    (wheel,) = folder.glob("*.whl")
    environment = folder / "environment"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    subprocess.run([*pip, "--python", str(python), "install", "--no-deps", str(wheel)], check=True)
    site = next(environment.glob("lib/python*/site-packages"))
    # a plain path line: the .pth files in that folder, the editable install among them, are not read
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment


def run(installed: Path, *arguments: str, cwd: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [installed / "bin" / "icl-bench", *arguments],
        cwd=cwd, capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_is_what_runs(installed: Path, tmp_path: Path) -> None:
    code = "import icl_bench; from icl_bench.resources import data_folder; print(data_folder('tasks'))"
    done = subprocess.run(
        [installed / "bin" / "python", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(str(installed))


def test_it_lists_tasks_and_models(installed: Path, tmp_path: Path) -> None:
    assert "decision_tree" in run(installed, "tasks", "list", cwd=tmp_path)
    assert "llama-rope-swigluless" in run(installed, "models", "list", cwd=tmp_path)


def test_it_writes_a_card(installed: Path, tmp_path: Path) -> None:
    run(installed, "models", "card", "reference/gpt2", cwd=tmp_path)
    assert "# reference/gpt2" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_it_scores_a_shipped_model(installed: Path, tmp_path: Path) -> None:
    run(installed, "evaluate", "reference/gpt2", "--task", "linear_regression", cwd=tmp_path)
    assert list((tmp_path / "results").glob("*.json"))


def test_it_makes_a_suite_of_ones_own(installed: Path, tmp_path: Path) -> None:
    place = ("--suites", "mine")
    sizes = ("--set", "points=5", "--prompts", "64")
    run(installed, *place, "tasks", "new", "short-v1", "--task", "linear_regression", *sizes, cwd=tmp_path)
    printed = run(installed, *place, "evaluate", "reference/gpt2", "--suite", "short", cwd=tmp_path)
    assert "reference/gpt2 on short-v1, 64 prompts a task" in printed


@pytest.mark.parametrize("builder", [WheelBuilder, SdistBuilder])
def test_what_a_killed_process_left_is_not_packed(tmp_path: Path, builder: type) -> None:
    """Wherever data or code lies: a suite's folder would carry it into every installation."""
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    own_files = {
        f"{folder}/file"
        for folder in ("benchmark/icl_bench", "tasks/mini-v1", "leaderboard", "submissions/reference/gpt2")
    }
    for place in own_files:
        folder = tmp_path / Path(place).parent
        folder.mkdir(parents=True)
        for name in ("file", *LEFT):
            (folder / name).parent.mkdir(exist_ok=True, parents=True)
            (folder / name).touch()
    packed = {file.relative_path for file in builder(str(tmp_path)).recurse_included_files()}
    assert own_files <= packed
    assert [path for path in packed if ".icl-bench" in path] == []
