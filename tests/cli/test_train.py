"""`icl-bench train`: a checkpoint that evaluate scores, stopped and taken up again, faults in one line."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from raising import raises
from safetensors.numpy import load_file
from typer.testing import CliRunner, Result

from icl_bench import progress
from icl_bench.cli import app
from icl_bench.errors import ICLBenchError
from icl_bench.resources import data_folder
from icl_bench.training.log import LOG_FILE
from icl_bench.training.plan import make_plan
from icl_bench.training.run import TrainingRun
from icl_bench.training.train import train

pytestmark = pytest.mark.slow

COMMAND = [str(Path(sys.executable).parent / "icl-bench")]
TASK = "mini/linear_regression"


def with_threads(count: int) -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": str(count)}


def run(*arguments: str, cwd: Path, threads: int = 1) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env=with_threads(threads),
    )


def ask(*arguments: str) -> Result:
    """The same in this process and folder."""
    return CliRunner().invoke(app, arguments)


def test_a_trained_folder_is_scored(spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    trained = ask("train", str(spec), TASK, "--steps", "30", "--seed", "3", "--half")
    assert trained.exit_code == 0, trained.stderr
    folder = "runs/mini-v1/tiny/seed-3/linear_regression"
    assert f"icl-bench evaluate {folder}" in trained.stdout
    scored = ask("evaluate", folder, "--task", "linear_regression")
    assert scored.exit_code == 0, scored.stderr
    refused(("train", str(spec), TASK, "--steps", "30", "--seed", "3"), "holds a finished run", tmp_path)


def test_one_command_trains_a_cell_at_paper_size_and_scores_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["reference/gpt2", "paper/vector_mqar", "--steps", "2", "--out", "cell", "--evaluate"]
    done = ask("train", *arguments, "--quiet")
    assert done.exit_code == 0, done.stderr
    assert "vector_mqar" in done.stdout
    record = json.loads((tmp_path / "results/cell-paper-v1-vector_mqar.json").read_text())
    assert list(record["tasks"]) == ["vector_mqar"]
    assert record["tasks"]["vector_mqar"]["checkpoint"]["training"]["recipe"]["steps"] == 2


MIXER = "module: {type: mamba, expand: 2, state: 4, conv: 2}"


@pytest.mark.parametrize("mixer", [False, True], ids=["attention", "mamba"])
def test_a_compiled_run_learns_the_same(spec: Path, tmp_path: Path, mixer: bool) -> None:
    if mixer:
        spec.write_text(re.sub(r"module: \{[^}]*\}", MIXER, spec.read_text()))
    train(spec, TASK, steps=3, out=tmp_path / "eager")
    done = run("train", str(spec), TASK, "--steps", "3", "--out", "compiled", "--compile", cwd=tmp_path)
    assert (done.returncode, "Warning" in done.stderr) == (0, False), done.stderr
    eager, compiled = (load_file(tmp_path / name / "model.safetensors") for name in ("eager", "compiled"))
    assert eager.keys() == compiled.keys()
    for name in eager:
        np.testing.assert_allclose(compiled[name], eager[name], rtol=1e-3, atol=1e-5)
    made_with = [
        json.loads((tmp_path / n / "config.json").read_text())["training"] for n in ("eager", "compiled")
    ]
    assert [training["compiled"] for training in made_with] == [False, True]


def test_without_a_compiler_compile_is_refused_and_nothing_begun(spec: Path, tmp_path: Path) -> None:
    environment = {
        "CXX": "/nonexistent",
        "PATH": "/nonexistent",
        "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "cache"),
    }
    arguments = [*COMMAND, "train", str(spec), TASK, "--steps", "3", "--out", "made", "--compile"]
    done = subprocess.run(
        arguments, cwd=tmp_path, capture_output=True, text=True, check=False, env=os.environ | environment
    )
    assert done.returncode == 2, done.stderr
    assert "leave out --compile" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "made").exists()


def test_an_interrupted_run_goes_on_to_the_same_weights(spec: Path, tmp_path: Path) -> None:
    arguments = ["train", str(spec), TASK, "--steps", "800", "--out"]
    whole = run(*arguments, "whole", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    first = subprocess.Popen(
        [*COMMAND, *arguments, "cut"], cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=with_threads(1)
    )
    log = tmp_path / "cut" / LOG_FILE
    while first.poll() is None and not (log.exists() and len(log.read_text().splitlines()) > 1):
        time.sleep(0.01)
    first.send_signal(signal.SIGINT)
    message = first.communicate()[1]
    assert first.returncode == 130, message
    assert "continue with --resume" in message
    second = run(*arguments, "cut", "--resume", cwd=tmp_path, threads=2)  # goes on with one, as it began
    assert second.returncode == 0, second.stderr
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "cut")]
    assert weights[0] == weights[1]


def test_faults_are_one_line(spec: Path, tmp_path: Path) -> None:
    (tmp_path / "heads.yaml").write_text(spec.read_text().replace("heads: 1", "heads: 3"))
    short = spec.read_text().replace("positions: none", "positions: {type: learned, max_tokens: 8}", 1)
    (tmp_path / "short.yaml").write_text(short)
    cases = {
        ("train", "reference/lama", TASK): "did you mean 'reference/llama'?",
        ("train", "absent.yaml", TASK): "no spec file absent.yaml",
        ("train", "~nobody-here/absent.yaml", TASK): "no spec file ~nobody-here/absent.yaml",
        ("train", "heads.yaml", TASK): "width 16 is not divisible by 3 heads",
        ("train", "short.yaml", TASK): "has 8 positions and a prompt of mini-v1/linear_regression has 21",
        ("train", str(spec), "mini/linear_regresion"): "did you mean",
        ("train", str(spec), TASK, "--resume"): "nothing to resume",
        ("train", str(spec), TASK, "--out", "/proc/nowhere"): "cannot write",
        ("train", str(spec), TASK, "--out", "heads.yaml"): "is not a folder",
        ("train", str(spec), TASK, "--device", "cuda:7"): "cuda",
        ("train", str(spec), TASK, "--recipe", "mine.yaml"): "no recipe file mine.yaml",
        ("train", str(spec), TASK, "--recipe", "pape"): "unknown recipe 'pape'; did you mean 'paper'?",
        ("train", str(spec), TASK, "--lr", "3e-4"): "write --set learning_rate=VALUE",
    }
    for arguments, message in cases.items():
        refused(arguments, message, tmp_path)
    assert not (tmp_path / "runs").exists()


def test_a_file_that_is_called_as_a_suite_is_no_recipe_unless_named(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = make_plan("reference/gpt2", TASK, 0).recipe
    (tmp_path / "mini-v1").write_text("not: a recipe")
    assert make_plan("reference/gpt2", TASK, 0).recipe == recipe
    assert make_plan("reference/gpt2", TASK, 0, recipe="mini").recipe == recipe
    with raises(ICLBenchError, naming="mini-v1"):
        make_plan("reference/gpt2", TASK, 0, recipe="mini-v1")


def refused(arguments: tuple[str, ...], message: str, cwd: Path) -> None:
    with contextlib.chdir(cwd):
        done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2, arguments
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_a_run_is_resumed_with_its_own_spec_and_settings_alone(spec: Path, tmp_path: Path) -> None:
    begun = TrainingRun(make_plan(str(spec), TASK, 0, steps=30), tmp_path / "run")
    begun.start()
    begun.release()
    before = {path.name: path.read_bytes() for path in begun.folder.iterdir()}
    resumed = (TASK, "--out", "run", "--resume", "--steps")
    for arguments, message in [
        (("train", "reference/gpt2", *resumed, "30"), "belongs to a run with another spec"),
        (("train", str(spec), *resumed, "40"), "belongs to a run with another recipe"),
        (("train", str(spec), *resumed, "30", "--seed", "1"), "belongs to a run with another seed"),
        (("train", str(spec), TASK, "--out", "run"), "already holds a run"),
    ]:
        refused(arguments, message, tmp_path)
        assert {path.name: path.read_bytes() for path in begun.folder.iterdir()} == before


def test_a_recipe_is_a_preset_or_a_file(spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rate is changed by a file, the whole recipe by the name of another suite's."""
    monkeypatch.chdir(tmp_path)
    own = (data_folder("tasks") / "mini-v1" / "recipe.yaml").read_text()
    (tmp_path / "mine.yaml").write_text(own.replace("learning_rate: 1.0e-3", "learning_rate: 7.0e-4"))
    arguments = ["--steps", "2", "--recipe", "mine.yaml", "--out", "run"]
    done = ask("train", str(spec), TASK, *arguments)
    assert done.exit_code == 0, done.stderr
    recipe = json.loads((tmp_path / "run/config.json").read_text())["training"]["recipe"]
    assert (recipe["learning_rate"], recipe["steps"], recipe["warmup"]) == (7e-4, 2, 200)
    assert make_plan(str(spec), TASK, 0).recipe == make_plan(str(spec), TASK, 0, recipe="mini").recipe
    paper = make_plan(str(spec), TASK, 0, recipe="paper").recipe
    assert (paper.learning_rate, paper.steps) == (1e-4, 500_000)
    assert paper == make_plan(str(spec), "paper/linear_regression", 0).recipe


def test_progress_tells_loss_score_speed_and_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_LINE_EVERY", 0.0)
    train("reference/gpt2", TASK, steps=102, out=tmp_path / "run", progress=True)
    line = next(line for line in capsys.readouterr().err.splitlines() if ": 101/102" in line)
    pattern = r"gpt2 on linear_regression: 101/102, about \d+ s left  [\d.]+ steps/s, loss \S+, dev score \S+"
    assert re.fullmatch(pattern, line), line
