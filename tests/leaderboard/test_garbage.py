"""Python's collector does afterwards what it did before."""

import gc

import pytest

from icl_bench.leaderboard.garbage import collection_paused, existing_objects_exempt


@pytest.fixture(autouse=True)
def collecting():
    """Whatever a test leaves, the collector runs again after it."""
    yield
    gc.enable()
    gc.unfreeze()


def test_collection_pauses_and_goes_on_after_an_error_too():
    with pytest.raises(ZeroDivisionError), collection_paused():
        assert not gc.isenabled()
        _ = 1 / 0
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    with collection_paused():
        pass
    assert not gc.isenabled()


def test_existing_objects_are_exempt_for_as_long_as_it_takes():
    held = [[] for _ in range(3)]
    with pytest.raises(ZeroDivisionError), existing_objects_exempt():
        assert gc.get_freeze_count() > len(held)
        _ = 1 / 0
    assert gc.get_freeze_count() == 0
