"""Compiled functions work where their machine code cannot be kept."""

import errno
from pathlib import Path

import numba.core.caching
import pytest

from icl_bench import compiled as compiled_module
from icl_bench.compiled import compiled, sources_digest


def add(a, b):
    return a + b


def no_space(*arguments, **options):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("load", [lambda self, key: None, no_space], ids=["empty", "failing"])
def test_a_cache_that_fails_only_costs_the_compilation(monkeypatch, load):
    monkeypatch.setattr(numba.core.caching.IndexDataCacheFile, "load", load)
    monkeypatch.setattr(numba.core.caching.IndexDataCacheFile, "save", no_space)
    assert compiled(add)(2, 3) == 5


def test_no_place_for_the_cache(monkeypatch):
    monkeypatch.setattr(compiled_module._OptionalCache, "__init__", no_space)
    assert compiled(add)(2, 3) == 5


def test_machine_code_is_kept_where_it_can_be(monkeypatch):
    keys = []
    monkeypatch.setattr(
        numba.core.caching.IndexDataCacheFile, "save", lambda self, key, data: keys.append(key)
    )
    monkeypatch.setattr(numba.core.caching.IndexDataCacheFile, "load", lambda self, key: None)
    assert compiled(add)(2, 3) == 5
    assert len(keys) == 1
    assert keys[0][-1] == sources_digest(Path(__file__).parent)


def test_kept_code_is_that_of_every_file_beside_the_kernel(tmp_path):
    (tmp_path / "kernel.py").write_text("1")
    (tmp_path / "helper.py").write_text("2")
    before = sources_digest.__wrapped__(tmp_path)
    (tmp_path / "notes.txt").write_text("3")
    assert sources_digest.__wrapped__(tmp_path) == before
    (tmp_path / "helper.py").write_text("4")
    assert sources_digest.__wrapped__(tmp_path) != before
