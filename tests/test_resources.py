"""Where the package keeps what it made."""

from pathlib import Path

import pytest

from icl_bench.resources import cache_folder


@pytest.mark.parametrize("empty", ["HF_HOME", "XDG_CACHE_HOME"])
def test_a_variable_that_is_empty_counts_as_not_set(monkeypatch, empty):
    monkeypatch.delenv("HF_HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/somewhere")
    monkeypatch.setenv(empty, "")
    assert cache_folder() == Path("/somewhere/.cache/huggingface/icl-bench")
