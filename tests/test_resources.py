"""Where the package keeps what it made."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from raising import raises
from typer.testing import CliRunner

from icl_bench.cli import app
from icl_bench.errors import InputError
from icl_bench.resources import cache_folder, threads

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("empty", ["HF_HOME", "XDG_CACHE_HOME"])
def test_a_variable_that_is_empty_counts_as_not_set(monkeypatch, empty):
    monkeypatch.delenv("HF_HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/somewhere")
    monkeypatch.setenv(empty, "")
    assert cache_folder() == Path("/somewhere/.cache/huggingface/icl-bench")


@pytest.mark.parametrize("variable", ["$SCRATCH/hf", "${SCRATCH}/hf", "~/hf"])
def test_a_variable_and_a_home_are_replaced(monkeypatch, variable):
    """By the Hub's client too: both would keep half of what they have in a folder called `$SCRATCH`."""
    monkeypatch.setenv("HOME", "/somewhere")
    monkeypatch.setenv("SCRATCH", "/somewhere")
    monkeypatch.setenv("HF_HOME", variable)
    assert cache_folder() == Path("/somewhere/hf/icl-bench")
    code = "from huggingface_hub import constants; print(constants.HF_HOME)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert Path(answer.strip()) == Path("/somewhere/hf")
    monkeypatch.delenv("HF_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", variable)
    assert cache_folder() == Path("/somewhere/hf/huggingface/icl-bench")


@pytest.mark.parametrize("variable", ["$NOT_SET/hf", "/scratch/${NOT_SET}/hf"])
def test_a_variable_that_is_not_set_is_one_line(monkeypatch, variable):
    monkeypatch.delenv("NOT_SET", raising=False)
    monkeypatch.setenv("HF_HOME", variable)
    with raises(InputError, "unset-variable", naming=("HF_HOME", "NOT_SET")):
        cache_folder()
    done = CliRunner().invoke(app, ["evaluate", "baseline/zero", "--task", "sparse_parity"])
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize(("asked", "expected"), [("1", 1), ("3", 3), ("", None), ("0", None), ("2,1", None)])
def test_without_torch_the_threads_are_those_that_openmp_is_given(monkeypatch, asked, expected):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(5), raising=False)
    assert threads() == (expected or 5)
