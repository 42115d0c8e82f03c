"""Models with another number of loops than their checkpoints say: `NAME:loops=N`, for any name of a model."""

import os
import re

from icl_bench.errors import InputError
from icl_bench.specs.architecture import MAX_LOOPS

_SUFFIX = re.compile(r":loops=([^/:]*)$")
_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,8}")


def with_loops(name: str, loops: int | None) -> str:
    """The name of a model with its looped layers applied `loops` times; as it is for None."""
    return name if loops is None else f"{name}:loops={loops}"


def cut_loops(name: str) -> tuple[str, str]:
    """The name of a model and what stands behind it, as `:loops=8` or nothing, judged by the text alone."""
    match = _SUFFIX.search(name)
    return (name, "") if match is None else (name[: match.start()], match[0])


def split_loops(name: str) -> tuple[str, int | None]:
    """The name of a model and the number of loops that it is asked for; None where its own is to be kept.

    What lies on this disk under the whole name is that, whatever it is called. InputError where no number of
    loops is given, or two.
    """
    bare, suffix = cut_loops(name)
    if not suffix or os.path.lexists(os.path.expanduser(name)):
        return name, None
    number = suffix.partition("=")[2]
    if not _NUMBER.fullmatch(number) or not 1 <= int(number) <= MAX_LOOPS:
        raise InputError(
            f"{bare} cannot have {number or 'no number of'} loops; give 1 to {MAX_LOOPS}",
            code="no-such-loops",
        )
    if split_loops(bare)[1] is not None:
        raise InputError(f"{name} gives two numbers of loops; keep one of them", code="two-loops")
    return bare, int(number)
