"""Where there is no cluster, or options contradict each other, one line says so, and nothing is written."""

import sys
from pathlib import Path

import pytest

from icl_bench.cli import app

SWEEP = ("sweep", "mini", "--spec", "reference/gpt2", "--task", "sparse_parity")


@pytest.fixture
def error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The line that a verb ends with, in an empty folder where no program is found."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            app(list(arguments))
        assert ended.value.code == 2
        assert not list(tmp_path.iterdir())
        return capsys.readouterr().err

    return run


def test_no_slurm(error) -> None:
    assert error(*SWEEP, "--on", "slurm") == (
        "error: there is no Slurm here: no command squeue; run this on a machine that submits to the cluster, "
        "or print a script by --print\n"
    )
    assert "there is no Slurm here" in error("evaluate", "baseline/zero", "--on", "slurm")


def test_no_submitit(error, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "submitit", None)
    assert "pip install 'icl-bench[cluster]'" in error(*SWEEP, "--on", "slurm")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--print"], "give both"),
        (["--shard", "0/2", "--on", "slurm"], "give one of them"),
        (["--shard", "2/2"], "which are 0 to 1"),
        (["--on", "slurm", "--time", "soon"], "no time limit"),
        (["--on", "slurm", "--memory", "4"], "as 500M or 4G"),
        (["--on", "slurm", "--sbatch", "mem=4"], "mem is set here"),
        (["--on", "slurm", "--together", "2"], "one cell at a time"),
        (["--on", "slurm", "--workers", "2"], "one cell at a time"),
        (["--on", "pbs"], "'local', 'slurm'"),
    ],
)
def test_contradictions(error, options: list[str], message: str) -> None:
    assert message in error(*SWEEP, *options)


@pytest.mark.parametrize("option", [["--revision", "main"], ["--limit", "64"], ["--json"], ["-o", "a.json"]])
def test_what_several_models_cannot_have(error, option: list[str]) -> None:
    line = error("evaluate", "baseline/zero", "baseline/ridge", *option)
    assert "one at a time" in line or "name a folder" in line


def test_nothing_was_submitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        app(["sweep", "mini", "--status"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == "nothing was submitted from here\n"
