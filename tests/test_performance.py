"""The command that measures an accelerator runs on a CPU for a step, for the day one is at hand."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import icl_bench
from icl_bench.models.model import load_checkpoint
from icl_bench.records.read import load_record

pytestmark = pytest.mark.slow

MODELS = ("gpt2", "llama", "llama-rope-swigluless", "mamba")


SCRIPT = Path(__file__).parent / "performance/training.py"


def test_training_steps_are_measured_on_any_device() -> None:
    arguments = ["--device", "cpu", "--suite", "mini-v1", "--steps", "1", "--batch", "2"]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}
    for name in MODELS:
        batch, ours, theirs, ratio, share = rows[name]
        assert batch == "2"
        assert float(ours) > 0
        assert float(theirs) > 0
        assert all(re.fullmatch(r"[\d,]+\.\d%?", figure) for figure in (ratio, share))
    assert re.search(r"the 72 cells of mini-v1, one seed: [\d,]+\.\d hours", done.stdout)


def test_a_grid_is_trained_once_and_kept_in_small_files(tmp_path: Path) -> None:
    restricted = ["--spec", "reference/gpt2", "--task", "vector_mqar", "--seeds", "2", "--steps", "5"]
    arguments = ["--grid", "--device", "cpu", *restricted, "--together", "2", "--out", "kept"]

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(SCRIPT), *arguments],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def train() -> list[str]:
        done = run()
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    assert re.match(r"gpt2 +vector_mqar +2 of 2 +5, 5 +\S+, \S+ +[\d.]+$", train()[-1])
    folders = [tmp_path / f"kept/mini-v1/gpt2/seed-{seed}/vector_mqar" for seed in (0, 1)]
    names = ["config.json", "model.safetensors", "record.json", "training.csv"]
    for folder in folders:
        assert sorted(path.name for path in folder.iterdir()) == names
        assert load_checkpoint(folder)
        kept = load_record(folder / "record.json").tasks["vector_mqar"]
        scored = icl_bench.evaluate(str(folder), tasks="vector_mqar").tasks["vector_mqar"]
        assert kept.prompt_errors == scored.prompt_errors
    shutil.rmtree(tmp_path / "runs")  # as on another machine
    scored, unscored = (folder / "record.json" for folder in folders)
    scored.unlink()  # as where the machine was given back before it was written
    assert train()[-1].endswith(" -")
    assert scored.exists()
    assert not (tmp_path / "runs").exists()
    taken = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments[:-1], str(scored)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (taken.returncode, taken.stderr.count("\n")) == (2, 1)
    assert "is not a folder; name another place" in taken.stderr
    unscored.unlink()
    (folders[1] / "model.safetensors").unlink()
    done = run()
    assert done.returncode == 1
    assert "gpt2 on vector_mqar, seed 1: not scored: its weights are neither in --runs nor in --out" in (
        done.stderr
    )


def test_the_parts_of_a_training_step_are_all_of_it() -> None:
    sys.path.insert(0, str(SCRIPT.parents[1]))
    from performance.step_parts import PARTS, cells

    shares = dict(zip(PARTS, map(int, cells("gpt2")), strict=True))
    assert sum(shares.values()) == pytest.approx(100, abs=len(PARTS) / 2)
    assert all(share >= 0 for share in shares.values())
    assert min(shares[part] for part in ("products", "sequence", "elements", "update")) > 0
