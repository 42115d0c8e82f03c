"""A folder that one process at a time writes."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from icl_bench.errors import InputError


@contextmanager
def only_process(lock: Path, refusal: str) -> Iterator[None]:
    """Hold the file `lock`, which is removed at the end. However the process ends, the lock is let go.

    InputError with `refusal` where another process holds it; OSError where it cannot be written.
    """
    held = FileLock(lock, timeout=0)
    try:
        held.acquire()
        while not lock.exists():  # the process that held it removed it, after it was opened here
            held.release()
            held.acquire()
    except Timeout:
        raise InputError(refusal) from None
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes no file that is open
            lock.unlink()
        held.release()
