"""Where the data folders are, in a checkout (editable install) and in an installed wheel."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_folder(name: str) -> Path:
    """The folder `tasks`, `leaderboard` or `submissions` that this installation reads."""
    bundled = _PACKAGE / "_bundled" / name
    return bundled if bundled.is_dir() else _PACKAGE.parents[1] / name


def cache_folder() -> Path:
    """Where generated suites are kept: `$HF_HOME/icl-bench`, by default `~/.cache/huggingface/icl-bench`."""
    cache_home = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    hf_home = os.environ.get("HF_HOME", os.path.join(cache_home, "huggingface"))
    return Path(hf_home).expanduser() / "icl-bench"
