"""What the process may use: its data folders, in a checkout (editable install) or an installed wheel, its
cache folder, and its threads."""

import os
import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_BUNDLED = _PACKAGE / "_bundled"  # in an installed wheel


def data_folder(name: str) -> Path:
    """The folder `tasks`, `leaderboard` or `submissions` that this installation reads."""
    bundled = _BUNDLED / name
    return bundled if bundled.is_dir() else _PACKAGE.parents[1] / name


def in_a_checkout() -> bool:
    """Whether this is a checkout, which has the submissions too, and not an installed wheel."""
    return not _BUNDLED.is_dir()


def cache_folder() -> Path:
    """Where generated suites are kept: `$HF_HOME/icl-bench`, by default `~/.cache/huggingface/icl-bench`."""
    cache_home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"  # set but empty counts as not set
    hf_home = os.environ.get("HF_HOME") or os.path.join(cache_home, "huggingface")
    return Path(os.path.expanduser(hf_home)) / "icl-bench"


def threads() -> int:
    """Torch's threads where torch is in use, else those that OMP_NUM_THREADS asks for (which torch and OpenMP
    read too), else the processors that this process may run on.
    """
    torch = sys.modules.get("torch")
    if torch is not None:
        return int(torch.get_num_threads())
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    return cores()


def cores() -> int:
    """How many processors this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
