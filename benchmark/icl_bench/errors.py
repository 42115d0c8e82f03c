"""Every error that a user can cause. Each message is one line: what is wrong, where, and what to do.

The command line prints the message alone and ends with `exit_code`: 2 for bad input, 1 where the
question was well put and the answer is no.

Messages may be reworded at any time, so what distinguishes faults, in a program or a test, is `code`:
that of the class, or a finer one where two faults of a class have to be distinguished:
`raise InputError(message, code="no-common-task")`. A code is kebab-case, names one kind of fault, and belongs
to one class.
"""

import copyreg
import difflib
from collections.abc import Iterable
from typing import Any

_LONGEST_NAME = 200
_MOST_NAMES = 50  # that are listed where none is near
_NO_MEMORY = ("allocate", "out of memory")  # of the system and torch on the CPU; of Triton on a GPU
_NO_EXCEPTION = ("without exception set", "without setting an exception")  # of CPython, SystemError


class PickledByMessage(Exception):  # noqa: N818  # a base of errors
    """An error that is pickled as its message and attributes, whatever its class is called with."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Processes send it."""
        return copyreg.__newobj__, (type(self), *self.args), vars(self)  # type: ignore[attr-defined]


def says_no_memory(error: BaseException) -> bool:
    """Whether an exception tells that memory ran out, in any of the ways of CPython, torch and the system.

    Where an allocation fails in C code that sets no exception, CPython raises a SystemError that says that.
    """
    if isinstance(error, SystemError):
        return any(words in str(error) for words in _NO_EXCEPTION)
    return isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY)


class ICLBenchError(PickledByMessage):
    """The root: catch this to catch everything the package raises on purpose.

    `code` names the kind of fault, for programs: that of the class, unless the error is given a finer one.
    """

    exit_code = 2
    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class ResultWarning(UserWarning):
    """A result is doubtful that passed every check: too good, or worse on fresh prompts."""


class InputError(ICLBenchError):
    """An argument or a file's content is not usable."""

    code = "input"


class UnknownNameError(InputError):
    """A name is not in its registry; the message carries the nearest valid one."""

    def __init__(
        self, kind: str, name: object, valid: Iterable[str], where: str = "", *, code: str | None = None
    ) -> None:
        valid = list(valid)
        text = str(name) if len(str(name)) <= _LONGEST_NAME else str(name)[:_LONGEST_NAME] + "…"
        near = _nearest(text, valid)
        some = ", ".join(sorted(valid)[:_MOST_NAMES])
        more = f", … ({len(valid):,} in all)" if len(valid) > _MOST_NAMES else ""
        hint = f"did you mean {near!r}?" if near else f"valid: {some}{more}" if valid else "there is none"
        super().__init__(
            f"unknown {kind} {text!r}{' in ' + where if where else ''}; {hint}",
            code=code or f"unknown-{kind.replace(' ', '-')}",
        )


def _nearest(name: str, valid: list[str]) -> str | None:
    """The valid name that was probably meant: `reference/gpt2` for `gpt2`."""
    last_parts = {full.rpartition("/")[2]: full for full in valid}
    if name in last_parts:
        return last_parts[name]
    near = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    near = near or [last_parts[part] for part in difflib.get_close_matches(name, last_parts, n=1, cutoff=0.7)]
    return near[0] if near else None


class SpecError(InputError):
    """A declarative file (architecture, task, suite) does not follow its schema."""

    code = "spec"


class CheckpointError(InputError):
    """A checkpoint folder cannot be loaded whole and exactly."""

    code = "checkpoint"


class HubError(InputError):
    """A Hub repository cannot be fetched."""

    code = "hub"


class ServerError(InputError):
    """A server of language models cannot be asked, or answers with something else than it was asked for."""

    code = "server"


class SuiteError(InputError):
    """A suite's arrays are not the frozen ones."""

    code = "suite"


class StorageError(InputError):
    """A file or folder cannot be written; nothing half-written was left in its place."""

    code = "storage"


class CheckError(ICLBenchError):
    """A predictor broke a rule, whose name is the code, or a result is not what it claims to be."""

    exit_code = 1
    code = "check"
