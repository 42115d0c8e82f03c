"""What git says of the checkout that submissions lie in."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from icl_bench.errors import InputError
from icl_bench.git import run_git

_SECONDS = 120


def git_output(folder: Path, *arguments: str, refused: Callable[[str], InputError]) -> bytes:
    """What git prints in a folder.

    refused: makes the error for what git will not do, of the first line of its reason. InputError where there
    is no git, or it does not end.
    """
    try:
        return run_git(folder, *arguments, seconds=_SECONDS).stdout
    except subprocess.CalledProcessError as error:
        reason = next(iter(error.stderr.decode(errors="replace").splitlines()), "no reason given")
        raise refused(reason) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(
            f"cannot run git in {folder}: {error}; run it in a checkout", code="not-a-checkout"
        ) from None
