"""Python's garbage collector, kept away from records.

It looks for objects that hold each other. Records are millions of numbers in lists, which it would walk
through again and again, for as long as all the rest takes, to find nothing.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collection_paused() -> Iterator[None]:
    """Nothing is looked for meanwhile: for reading many records."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def existing_objects_exempt() -> Iterator[None]:
    """What is there by now is left out of every search meanwhile, and processes that are forked share it."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
