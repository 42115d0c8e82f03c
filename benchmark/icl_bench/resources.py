"""What the process may use: its data folders, in a checkout (editable install) or an installed wheel, its
cache folder, and its threads."""

import os
import re
import sys
from pathlib import Path

from icl_bench.errors import InputError

SUITES_VARIABLE = "ICL_BENCH_SUITES"
_PACKAGE = Path(__file__).resolve().parent
_BUNDLED = _PACKAGE / "_bundled"  # in an installed wheel


def data_folder(name: str) -> Path:
    """The folder `tasks`, `leaderboard` or `submissions` that this installation reads."""
    bundled = _BUNDLED / name
    return bundled if bundled.is_dir() else _PACKAGE.parents[1] / name


def own_suites_folder() -> Path | None:
    """The folder of suites of one's own, which `ICL_BENCH_SUITES` names; None where it is not set."""
    folder = _folder_variable(SUITES_VARIABLE)
    return None if folder is None else Path(folder)


def specs_folder(suite: str, collection: str = "reference") -> Path:
    """Where the specs of the shipped models at a suite's sizes are; it need not exist. A suite of one's own
    has specs of references in its folder."""
    own = own_suites_folder()
    if collection == "reference" and own is not None and (own / suite).is_dir():
        return own / suite / "specs"
    return data_folder("submissions") / collection / "specs" / suite


def other_checkout(folder: Path) -> Path | None:
    """The checkout of icl-bench that a folder lies in, where it is another one than what is read here."""
    for place in (folder, *folder.parents):
        if (place / "benchmark" / "icl_bench" / "resources.py").is_file():
            return None if place.resolve() == _PACKAGE.parents[1] else place
    return None


def in_a_checkout() -> bool:
    """Whether this is a checkout, which has the submissions too, and not an installed wheel."""
    return not _BUNDLED.is_dir()


def hf_home() -> Path:
    """What HF_HOME says, read as the Hub's client reads it: `~` and `$VARIABLE`s are replaced; by default
    `~/.cache/huggingface`. InputError where it names a variable that is not set."""
    home = _folder_variable("HF_HOME")
    if home is None:
        home = os.path.join(
            _folder_variable("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "huggingface"
        )
    return Path(home)


def cache_folder() -> Path:
    """Where generated suites are kept: `$HF_HOME/icl-bench`. InputError as `hf_home`."""
    return hf_home() / "icl-bench"


def _folder_variable(name: str) -> str | None:
    """The folder that an environment variable names; None where it is not set, or empty."""
    value = os.environ.get(name) or None
    for match in re.finditer(r"\$(\w+)|\$\{([^}]*)\}", value or ""):
        inner = match[1] or match[2]
        if inner not in os.environ:
            raise InputError(
                f"{name} is {value!r} and {inner} is not set; set it, or write a path in {name}",
                code="unset-variable",
            )
    return None if value is None else os.path.expandvars(os.path.expanduser(value))


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
