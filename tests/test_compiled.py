"""Compiled functions work where their machine code cannot be kept."""

import errno

import numba.core.caching
import pytest

from icl_bench.compiled import compiled


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
    monkeypatch.setattr("icl_bench.compiled._OptionalCache.__init__", no_space)
    assert compiled(add)(2, 3) == 5


def test_machine_code_is_kept_where_it_can_be(monkeypatch):
    keys = []
    monkeypatch.setattr(
        numba.core.caching.IndexDataCacheFile, "save", lambda self, key, data: keys.append(key)
    )
    monkeypatch.setattr(numba.core.caching.IndexDataCacheFile, "load", lambda self, key: None)
    assert compiled(add)(2, 3) == 5
    assert len(keys) == 1
