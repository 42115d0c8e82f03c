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
    enabled = []

    def fail() -> None:
        with collection_paused():
            enabled.append(gc.isenabled())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert enabled == [False]
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    with collection_paused():
        pass
    assert not gc.isenabled()


def test_existing_objects_are_exempt_for_as_long_as_it_takes():
    with existing_objects_exempt():
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0
