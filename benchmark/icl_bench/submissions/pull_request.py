"""From a written `submission.yaml` to a pull request: the commands, and giving them by a signed-in `gh`."""

import shlex
import subprocess
from pathlib import Path

from icl_bench.errors import InputError
from icl_bench.git import ask_git, git_environment
from icl_bench.specs.submission import Submission, folder_name
from icl_bench.submissions.submission_folder import SUBMISSION_FILE

_SECONDS = 60


def steps(submission: Submission) -> list[list[str]]:
    """The commands that make a pull request of one file, each as its arguments, for a checkout's root."""
    folder = folder_name(submission.model)
    file = f"submissions/{folder}/{SUBMISSION_FILE}"
    title = f"Submit {submission.model}"
    seeds = ", ".join(f"{submission.run_name(run)} at {run.revision[:12]}" for run in submission.runs)
    return [
        ["git", "fetch", "origin", "main"],  # what this checkout has besides is no part of the request
        [
            "git",
            "switch",
            "--no-track",
            "--create",
            f"submit-{folder}-{submission.runs[-1].revision[:8]}",
            "origin/main",
        ],
        ["git", "add", "--", file],
        ["git", "commit", "--message", title, "--", file],
        ["gh", "pr", "create", "--title", title, "--body", f"{submission.model}: {seeds}."],
    ]


def as_lines(commands: list[list[str]]) -> str:
    """Commands as they are given in a shell, a line each."""
    return "\n".join(shlex.join(command) for command in commands)


def checkout_around(root: Path) -> Path | None:
    """The checkout whose folder `submissions` is `root`, which need not be there yet; None without one."""
    there = next(folder for folder in (root.absolute(), *root.absolute().parents) if folder.is_dir())
    top = ask_git(there, "rev-parse", "--show-toplevel")
    if top is None or root.resolve() != (Path(top) / "submissions").resolve():
        return None
    return Path(top)


def check_ready(root: Path) -> Path:
    """The checkout of `root`, once a signed-in gh is found; InputError says what is missing."""
    if not _works(["gh", "--version"]):
        raise InputError("gh not found; install it from https://cli.github.com, or leave out --open")
    if not _works(["gh", "auth", "status"]):
        raise InputError("gh is not signed in; run `gh auth login`, or leave out --open")
    checkout = checkout_around(root)
    if checkout is None:
        raise InputError(
            f"{root} is not the folder submissions of a checkout; clone the repository and give --out there, "
            "or leave out --open"
        )
    return checkout


def open_pull_request(commands: list[list[str]], checkout: Path) -> None:
    """Give the commands one by one, in this terminal; InputError where one fails, with those left to give."""
    for place, command in enumerate(commands):
        code = subprocess.run(command, cwd=checkout, env=git_environment(), check=False).returncode
        if code != 0:
            left = "; ".join(shlex.join(rest) for rest in commands[place:])
            raise InputError(
                f"{shlex.join(command[:2])} ended with {code} and the submission is written; fix that, then "
                f"run {left}"
            )


def _works(command: list[str]) -> bool:
    """Whether there is such a program, and it does not fail."""
    try:
        subprocess.run(command, env=git_environment(), capture_output=True, check=True, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return False
    return True
