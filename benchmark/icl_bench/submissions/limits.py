"""What a process that evaluates a submission may take.

It executes nothing of the submission: the limits stop a model that is too large or too slow, and are a second
line of defence.
"""

import os
import re
import sys
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

_GIB = 2**30
_GRACE_SECONDS = 5  # between the signal that the time is used up and the one that cannot be missed


@dataclass(frozen=True)
class Limits:
    """Of one run; made for two cores, 7 GiB and six hours, which any runner of GitHub has."""

    memory: int = 5 * _GIB  # bytes, more than there are as it starts; shared mappings of files do not count
    seconds: int = 3 * 3_600  # on the clock
    cpu_seconds: int = 6 * 3_600  # of all its threads together
    file_bytes: int = 512 * 2**20  # of any file that it writes
    open_files: int = 256
    processes: int = 128  # processes and threads of the user, more than there are as it starts

    def as_text(self) -> str:
        """For the command line of a child."""
        return ",".join(f"{name}={value}" for name, value in asdict(self).items())

    @classmethod
    def from_text(cls, text: str) -> "Limits":
        """The inverse of `as_text`."""
        values = dict(item.split("=") for item in text.split(","))
        return cls(**{field.name: int(values[field.name]) for field in fields(cls)})


def limit_this_process(limits: Limits) -> None:
    """Hold this process, and what it starts, to limits, for good. The clock is the parent's to watch.

    Where the system has no such limits (Windows), nor a kind of them (memory on macOS), there is none.
    """
    try:
        import resource
    except ImportError:
        return
    # RLIMIT_AS would count the address space that torch and its threads reserve and never touch
    _limit(resource, resource.RLIMIT_DATA, _data_bytes() + limits.memory)
    _limit(resource, resource.RLIMIT_CPU, limits.cpu_seconds, more=_GRACE_SECONDS)
    _limit(resource, resource.RLIMIT_FSIZE, limits.file_bytes)
    _limit(resource, resource.RLIMIT_NOFILE, limits.open_files)
    _limit(resource, resource.RLIMIT_CORE, 0)
    if sys.platform == "linux":
        _limit(resource, resource.RLIMIT_NPROC, _threads_of_user() + limits.processes)


def refuse_network() -> None:
    """Make every connection of this process's Python code fail, for good."""

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.bind"):
            raise PermissionError("a submission is evaluated without a network")

    sys.addaudithook(refuse)


def _limit(resource: Any, kind: int, value: int, more: int = 0) -> None:
    """Lower a limit; one that is lower already stays. At `more` above it the process is killed."""
    _, hard = resource.getrlimit(kind)
    ends = [value, value + more]
    if hard != resource.RLIM_INFINITY:
        ends = [min(end, hard) for end in ends]
    resource.setrlimit(kind, tuple(ends))


def _data_bytes() -> int:
    """What this process has allocated, as the limit counts it; 0 where the system does not say."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 0
    kilobytes = re.search(r"VmData:\s+(\d+) kB", status)
    return int(kilobytes[1]) * 1_024 if kilobytes else 0


def _threads_of_user() -> int:
    """How many threads this user has, which is what the limit counts."""
    count = 0
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdecimal() and process.stat().st_uid == os.getuid():
                count += len(list((process / "task").iterdir()))
        except OSError:  # it has ended since
            continue
    return count
