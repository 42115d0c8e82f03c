"""The wheel carries its data: installed in a clean environment it runs from any directory."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
import zlib
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LARGEST = 100_000_000  # bytes: PyPI takes no larger file of a project that has not asked
EXTRAS = ("accelerate", "gguf", "matplotlib", "submitit", "transformers")  # what the extras bring
LEFT = (".icl-bench-abcdefgh.part", ".icl-bench-12345678.part/lock.json", ".icl-bench-abcdefgh.old/a/b.npz")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel, which sees what is installed here, but no extras and no editable
    install."""
    folder = tmp_path_factory.mktemp("packaging")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run([*pip, *build], check=True)
    (wheel,) = folder.glob("*.whl")
    assert wheel.stat().st_size < LARGEST
    assert _weights_of(wheel) == {"reference"}
    environment = folder / "environment"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    subprocess.run([*pip, "--python", str(python), "install", "--no-deps", str(wheel)], check=True)
    site = next(environment.glob("lib/python*/site-packages"))
    link(folder / "dependencies", extras=False)
    # a plain path line: the .pth files in that folder, the editable install among them, are not read
    (site / "dependencies.pth").write_text(f"{folder / 'dependencies'}\n")
    return environment


def _weights_of(wheel: Path) -> set[str]:
    """The collections of models whose weights it has."""
    paths = [Path(name).parts for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".safetensors")]
    return {parts[parts.index("submissions") + 1] for parts in paths}


def link(folder: Path, extras: bool) -> None:
    """Link what the extras bring that is installed here into a folder, or all but that."""
    folder.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if (path.name.split("-")[0] in EXTRAS) == extras:
            (folder / path.name).symlink_to(path)


@pytest.fixture(scope="module")
def extras(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder for PYTHONPATH with what the extras bring."""
    folder = tmp_path_factory.mktemp("extras") / "linked"
    link(folder, extras=True)
    return str(folder)


def call(installed: Path, *arguments: str, cwd: Path, path: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [installed / "bin" / "icl-bench", *arguments],
        cwd=cwd, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": path},
    )  # fmt: skip


def run(installed: Path, *arguments: str, cwd: Path, path: str = "") -> str:
    done = call(installed, *arguments, cwd=cwd, path=path)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_is_what_runs(installed: Path, tmp_path: Path) -> None:
    code = "import icl_bench; from icl_bench.resources import data_folder; print(data_folder('tasks'))"
    done = subprocess.run(
        [installed / "bin" / "python", "-c", code],
        cwd=tmp_path, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": ""},
    )  # fmt: skip
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


def test_the_example_of_the_readme_and_what_it_goes_on_to_run(installed: Path, tmp_path: Path) -> None:
    """In an empty folder, without extras, from the training of a network to the board that shows it."""
    (example,) = re.findall(r"^```python\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
    short = example.replace("progress=True", "steps=20")
    python, environment = installed / "bin" / "python", os.environ | {"PYTHONPATH": ""}
    done = subprocess.run(
        [python, "-c", short], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (command,) = re.findall(r"# then: icl-bench (.*)", example)
    assert " gru " in run(installed, *command.split(), cwd=tmp_path)


def test_commands_of_the_readme_without_extras(installed: Path, tmp_path: Path) -> None:
    """Those that neither take minutes nor need somebody's model: on one task, where they take one."""
    (spec,) = re.findall(r"^```yaml\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
    (tmp_path / "my-spec.yaml").write_text(spec, encoding="utf-8")
    one_task = ["--task", "linear_regression"]
    shown = {
        "evaluate reference/gpt2": [*one_task, "--output", "record.json"],
        "compare reference/gpt2 baseline/ridge": one_task,
        "models list": [],
        "models check my-spec.yaml": [],
        "models blocks": [],
        "train my-spec.yaml mini/linear_regression": ["--steps", "2"],
        "tasks recipe mini": [],
        "leaderboard show": [],
    }
    assert [command for command in shown if command not in README] == []
    for command, changed in shown.items():
        run(installed, *command.split(), *changed, cwd=tmp_path)
    run(installed, "verify", "record.json", cwd=tmp_path)


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        ("evaluate speaks --suite text-boolean", "text"),
        ("tasks chart mini/linear_regression chart.png", "plot"),
    ],
)
def test_what_needs_an_extra_says_which(installed: Path, tmp_path: Path, command: str, extra: str) -> None:
    (tmp_path / "speaks").mkdir()
    (tmp_path / "speaks" / "config.json").write_text('{"model_type": "llama"}', encoding="utf-8")
    (tmp_path / "speaks" / "tokenizer.json").write_text("{}", encoding="utf-8")
    (tmp_path / "speaks" / "model.safetensors").touch()
    done = call(installed, *command.split(), cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert f"icl-bench[{extra}]" in done.stderr


def test_with_an_extra_the_same_is_drawn(installed: Path, extras: str, tmp_path: Path) -> None:
    drawn = ("tasks", "chart", "mini/linear_regression", "chart.png")
    run(installed, *drawn, cwd=tmp_path, path=extras)
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")


def test_an_sdist_has_all_that_a_wheel_is_built_of_and_can_be_uploaded() -> None:
    """A release builds the wheel of the sdist."""
    files = {
        builder: {file.relative_path: Path(file.path) for file in builder(str(ROOT)).recurse_included_files()}
        for builder in (WheelBuilder, SdistBuilder)
    }
    assert files[WheelBuilder].keys() - files[SdistBuilder].keys() == set()
    packed = sum(len(zlib.compress(path.read_bytes(), 1)) for path in files[SdistBuilder].values())
    assert packed < LARGEST


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
