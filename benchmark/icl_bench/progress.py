"""Progress of long work, on standard error: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Advance = Callable[..., None]

_LINE_EVERY = 10.0  # seconds between plain lines


@contextmanager
def progress(
    label: str, total: int, quiet: bool = False, start: int = 0, minor: bool = False
) -> Iterator[Advance]:
    """Yield `advance(done, note="")`, to be called with how much of `total` is done so far.

    The bar shows the share done, the time left, and the note of the latest call. `start` is what was done
    before this process began. Minor work that ends soon leaves no line.
    """
    if quiet or sys.stderr is None:  # pythonw on Windows has no streams
        yield lambda done, note="": None
    elif sys.stderr.isatty():
        with _bar(label, total, start) as advance:
            yield advance
    else:
        yield _lines(label, total, start, minor)


@contextmanager
def _bar(label: str, total: int, start: int) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task(label, total=total, completed=start, note="")
        yield lambda done, note="": bars.update(bar, completed=done, note=note)


def _lines(label: str, total: int, start: int, minor: bool) -> Advance:
    started = latest = time.monotonic()
    ended = False

    def advance(done: int, note: str = "") -> None:
        nonlocal latest, ended
        now = time.monotonic()
        if ended or (now - latest < _LINE_EVERY and (done < total or (minor and latest == started))):
            return
        latest, ended = now, done >= total
        left = (now - started) / max(done - start, 1) * (total - done)
        remaining = f", about {left:.0f} s left" if done < total else ""
        line = f"{label}: {done}/{total}{remaining}{'  ' + note if note else ''}"
        with suppress(OSError):  # a full disk or a reader that has gone costs a line, not the work
            print(line, file=sys.stderr, flush=True)

    return advance
