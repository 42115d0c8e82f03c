"""Interruptions that wait for the end of a step."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # those that interrupt (see `let_signals_interrupt`)


@contextmanager
def deferred_interruptions() -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether an interruption came, in place of a KeyboardInterrupt anywhere.

    So a step is done whole or not at all. The second interruption does not wait: it is raised where it comes.
    """
    came = False
    before = {
        number: handler
        for number in (getattr(signal, name, None) for name in _NAMES)  # Windows has no SIGHUP
        if number is not None and (handler := signal.getsignal(number)) == signal.default_int_handler
    }

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal came
        came = True
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in before:
        signal.signal(number, note)
    try:
        yield lambda: came
    finally:
        restore()
