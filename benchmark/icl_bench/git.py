"""Git, asked about the folder that is named, and not about the repository of a hook that this runs in.

A hook finds GIT_DIR, GIT_INDEX_FILE and others in its environment; every git that it starts answers of that
repository, whatever folder it is given. Of these variables a git that we start sees those alone that say who
the user is, how git is configured, and how servers are reached.
"""

import os
import subprocess
from pathlib import Path

_SECONDS = 30
_KEPT = (
    *("GIT_CONFIG_", "GIT_EXEC_PATH", "GIT_OPTIONAL_LOCKS"),
    *("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_EDITOR", "GIT_PAGER"),
    *("GIT_ASKPASS", "GIT_TERMINAL_PROMPT", "GIT_SSH", "GIT_SSL_", "GIT_HTTP_", "GIT_PROXY_"),
)


def git_environment() -> dict[str, str]:
    """The environment of a git, or of what calls it, that is to look at the folder it runs in."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith(_KEPT)
    }


def run_git(folder: Path, *arguments: str, seconds: int = _SECONDS) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder; OSError or subprocess.SubprocessError where there is no git or it fails."""
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, env=git_environment(), capture_output=True, check=True, timeout=seconds)


def ask_git(folder: Path, *arguments: str) -> str | None:
    """What git prints, None where there is no git or it does not know the folder."""
    try:
        return os.fsdecode(run_git(folder, *arguments).stdout).strip()
    except (OSError, subprocess.SubprocessError):
        return None
