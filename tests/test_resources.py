"""Where the package keeps what it made."""

import os
import sys
from pathlib import Path

import pytest

from icl_bench.resources import cache_folder, threads


@pytest.mark.parametrize("empty", ["HF_HOME", "XDG_CACHE_HOME"])
def test_a_variable_that_is_empty_counts_as_not_set(monkeypatch, empty):
    monkeypatch.delenv("HF_HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/somewhere")
    monkeypatch.setenv(empty, "")
    assert cache_folder() == Path("/somewhere/.cache/huggingface/icl-bench")


@pytest.mark.parametrize(("asked", "expected"), [("1", 1), ("3", 3), ("", None), ("0", None), ("2,1", None)])
def test_without_torch_the_threads_are_those_that_openmp_is_told(monkeypatch, asked, expected):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(5), raising=False)
    assert threads() == (expected or 5)
