"""Processes that compute side by side, each on one thread, and end with the process that started them."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process
from typing import Any, Literal

from icl_bench.errors import InputError
from icl_bench.resources import cores

# glibc would give memory back to the system after every step, and ask for it again: a twentieth of a step
KEEP_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(2**30), "MALLOC_MMAP_THRESHOLD_": str(2**30)}
# for a process that computes on one thread; numerical libraries read it as they start
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")}


@contextmanager
def worker_pool(workers: int | None = None) -> Iterator[Executor]:
    """A pool of fresh processes of one thread each, as many as there are `cores` for None.

    InputError as `process_pool`.
    """
    with one_thread(), process_pool(workers or cores(), "spawn") as pool:
        try:
            yield pool
        except BaseException:  # an interruption waits for what is under way, not for what is queued
            pool.shutdown(cancel_futures=True)
            raise


def process_pool(workers: int, start: Literal["spawn", "fork"]) -> ProcessPoolExecutor:
    """A pool whose processes end with this one. InputError where the machine has no shared memory for it."""
    try:
        return ProcessPoolExecutor(workers, get_context(start), start_worker)
    except (OSError, ImportError, NotImplementedError) as error:  # of the semaphores between processes
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(
            f"worker processes cannot be started here: {reason}; let shared memory (/dev/shm) be written",
            code="no-processes",
        ) from None


@contextmanager
def one_thread() -> Iterator[None]:
    """Processes that start meanwhile compute on one thread each."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class ThisProcess(Executor):
    """In place of a pool: what is submitted is done at once, here."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> "Future[Any]":
        """A future that holds what the function returns; what it raises is raised."""
        future: Future[Any] = Future()
        future.set_result(function(*arguments, **named))
        return future


def start_worker() -> None:
    """An interruption is the parent's to handle; when it is gone, so is its worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
