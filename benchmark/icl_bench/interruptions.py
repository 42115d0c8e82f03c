"""Which signals interrupt a process, and interruptions that wait for the end of a step."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # those that interrupt (see `let_signals_interrupt`)


def let_signals_interrupt() -> None:
    """SIGTERM and SIGHUP stop a verb as SIGINT does; what is ignored, as under `nohup`, stays ignored."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def interrupt_once(_number: int, _frame: FrameType | None) -> None:
    """A handler that interrupts as Ctrl-C does, and lets no further signal do so.

    For a process that only programs stop: they send several signals, and mean one interruption.
    """
    for name in _NAMES:
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) == interrupt_once:
            signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


_INTERRUPTING = (signal.default_int_handler, interrupt_once)


@contextmanager
def deferred_interruptions() -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether an interruption came, in place of a KeyboardInterrupt anywhere.

    So a step is done whole or not at all. The second interruption does not wait: it is raised where it comes,
    or ignored where `interrupt_once` handles it. Signals reach the main thread alone: in another one no
    interruption ever comes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    came = False
    before = {
        number: handler
        for number in (getattr(signal, name, None) for name in _NAMES)
        if number is not None and (handler := signal.getsignal(number)) in _INTERRUPTING
    }

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal came
        came = True
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if came and handler == interrupt_once else handler)

    for number in before:
        signal.signal(number, note)
    try:
        yield lambda: came
    finally:
        restore()
