"""What a verb finds as it starts: standard streams that are there and take any text, variables that say
something, and arguments in which `~` is a home.
"""

import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress

# set but empty they count as not set; the Hub's client would take an empty one as it is
_VARIABLES = ("HF_ENDPOINT", "HF_HOME", "HF_HUB_CACHE", "HF_TOKEN_PATH", "XDG_CACHE_HOME")
_STREAMS = ("stdin", "stdout", "stderr")
_LOSSLESS = ("backslashreplace", "xmlcharrefreplace", "namereplace")  # how a stream writes what it cannot
_HOME = re.compile(r"(--[a-z][a-z-]*=|)(~(?:[/\\].*|$))", re.DOTALL)


def prepare_process() -> None:
    """Make the standard streams usable by whatever a verb prints, and forget empty variables."""
    for name in _VARIABLES:
        if os.environ.get(name) == "":
            del os.environ[name]
    for number, name in enumerate(_STREAMS):
        if getattr(sys, name) is None:  # closed by the parent process
            _open_nowhere(number, name)
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None and sys.stdout.errors not in _LOSSLESS:
        reconfigure(errors="replace")


def close_standard_output() -> None:
    """Let what is still to be printed go nowhere, where it can be written no more."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)


def with_homes(arguments: Sequence[str]) -> list[str]:
    """The arguments, with a home for `~` where a shell leaves it: in `--output=~/file`, and in quotes."""
    matches = [(argument, _HOME.fullmatch(argument)) for argument in arguments]
    return [match[1] + os.path.expanduser(match[2]) if match else argument for argument, match in matches]


def _open_nowhere(number: int, name: str) -> None:
    """Open the null device as a stream, under its number, which a file that is opened later would take."""
    try:
        os.fstat(number)
    except OSError:
        opened = os.open(os.devnull, os.O_RDWR)
        os.dup2(opened, number)
        if opened != number:
            os.close(opened)
    setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))
