"""Processes of their own for what is measured, so that one figure does not disturb the next."""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager


def own_processes() -> ProcessPoolExecutor:
    """A process for every call, one after the other."""
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1)


@contextmanager
def one_core() -> Iterator[ProcessPoolExecutor]:
    """The same with one thread each, as the grid is trained: one run a core."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"  # read when a process starts
    try:
        with own_processes() as processes:
            yield processes
    finally:
        del os.environ["OMP_NUM_THREADS"]
        os.environ.update({"OMP_NUM_THREADS": before} if before is not None else {})
