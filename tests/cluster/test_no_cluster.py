"""Where there is no cluster, or options contradict each other, one line says so, and nothing is written."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from icl_bench.cli import app
from icl_bench.cli.baselines import compute
from icl_bench.cli.cluster_options import Engine
from icl_bench.cli.evaluate import evaluate
from icl_bench.cli.sweep import sweep
from icl_bench.cluster.submitted import submitted_arrays
from icl_bench.errors import InputError

SLURM = {"on": Engine.slurm}
MODELS = ["baseline/zero", "baseline/ridge"]


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, where no program is found."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def fault(verb: Callable[..., None], *arguments: Any, **options: Any) -> str:
    """The code of what a verb raises, which has written nothing."""
    with pytest.raises(InputError) as raised:
        verb(*arguments, **options)
    assert "\n" not in str(raised.value)
    assert not list(Path().iterdir())
    return raised.value.code


def test_no_slurm(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        app(["sweep", "mini", "--spec", "reference/gpt2", "--on", "slurm"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "error: there is no Slurm here: no command squeue; run this on a machine that submits to the "
        "cluster, or print a script by --print\n"
    )
    assert fault(evaluate, MODELS, **SLURM) == "no-slurm"
    assert fault(compute, "mini", **SLURM) == "no-slurm"


def test_a_slurm_that_fails_and_one_that_cannot_be_run(empty: Path) -> None:
    program = empty.parent / "bin" / "squeue"
    program.parent.mkdir()
    for text in ("#!/bin/sh\necho squeue: error: nobody home >&2\nexit 1\n", "no program"):
        program.write_text(text)
        program.chmod(0o755)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", str(program.parent))
            assert fault(sweep, "mini", **SLURM) == "slurm-silent"


def test_no_submitit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "submitit", None)
    assert fault(sweep, "mini", **SLURM) == "no-submitit"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"print_script": True}, "print-local"),
        ({"shard": "0/2", **SLURM}, "shard-elsewhere"),
        ({"shard": "2/2"}, "no-shard"),
        ({"time": "soon", **SLURM}, "no-time-limit"),
        ({"memory": "4", **SLURM}, "no-memory-size"),
        ({"sbatch": ["mem=4"], **SLURM}, "own-option"),
        ({"together": 2, **SLURM}, "cells-at-once"),
        ({"workers": 2, **SLURM}, "cells-at-once"),
        ({"only_list": True, **SLURM}, "list-elsewhere"),
        ({"device": "cuda", **SLURM}, "job-device"),
        ({"gpus": 1, **SLURM}, "job-device"),
        ({"device": "gpu7", **SLURM}, "job-device"),
    ],
)
def test_contradictions(options: dict[str, Any], code: str) -> None:
    assert fault(sweep, "mini", **options) == code


@pytest.mark.parametrize(
    "option", [{"revision": "main"}, {"limit": 64}, {"as_json": True}, {"endpoint": "x"}]
)
def test_what_several_models_cannot_have(option: dict[str, Any]) -> None:
    assert fault(evaluate, MODELS, **option) == "one-model"


def test_several_models_need_a_folder() -> None:
    assert fault(evaluate, MODELS, output=Path("a.json")) == "output-of-models"


def test_two_models_of_one_record() -> None:
    assert fault(evaluate, ["baseline/zero", "baseline/zero"]) == "one-record"


def test_a_script_of_nothing() -> None:
    assert fault(compute, "mini", needed=True, print_script=True, **SLURM) == "nothing-left"


def test_folders_of_another_run_are_not_submitted(empty: Path) -> None:
    folder = empty / "runs/mini-v1/gpt2/seed-0/sparse_parity"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    with pytest.raises(InputError) as raised:
        sweep("mini", spec=["reference/gpt2"], task=["sparse_parity"], **SLURM)
    assert raised.value.code == "other-runs"


def test_nothing_was_submitted(capsys: pytest.CaptureFixture[str]) -> None:
    sweep("mini", status=True)
    assert capsys.readouterr().out == "nothing was submitted from here\n"


@pytest.mark.parametrize("text", ["", "[]", '{"at": "now", "jobs": [["a"]]}', '{"at": "now", "jobs": 3}'])
def test_a_damaged_note_of_what_was_submitted(text: str, empty: Path) -> None:
    plan = empty / "jobs" / "icl-bench-0" / "work.json"
    plan.parent.mkdir(parents=True)
    plan.write_text(text)
    with pytest.raises(InputError) as raised:
        submitted_arrays(empty / "jobs")
    assert raised.value.code == "damaged-plan"
