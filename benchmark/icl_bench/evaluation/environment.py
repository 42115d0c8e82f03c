"""What computed a result: the icl-bench, its commit, and the machine's numerical environment."""

import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

from icl_bench.resources import data_folder, threads
from icl_bench.specs.result import Environment, Evaluator

# What decides a result: code and tasks, but for what the suite's lock hash stands for in every record.
_DECISIVE = ("benchmark", "tasks", ":(exclude)tasks/*/lock.json", ":(exclude)tasks/*/baselines/*")


def describe_evaluator() -> Evaluator:
    """This icl-bench: its version, and in a checkout the commit and whether what decides a result
    differs from it."""
    root = data_folder("tasks").parent  # the checkout, or a folder inside the installed package
    commit = _git(root, "rev-parse", "HEAD") if (root / ".git").exists() else None
    changes = (
        _git(root, "status", "--porcelain", "--untracked-files=all", "--", *_DECISIVE) if commit else None
    )
    dirty = None if changes is None else changes != ""
    return Evaluator(version=version("icl-bench"), commit=commit, dirty=dirty)


def describe_environment(device: str) -> Environment:
    """Python, the numerical libraries, and what predictions run on."""
    return Environment(
        python=platform.python_version(),
        numpy=np.__version__,
        torch=version("torch"),
        device=device,
        dtype="float32",
        threads=threads(),
    )


def peak_memory_mb() -> float | None:
    """The most memory this process has held so far, in MiB; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _git(root: Path, *arguments: str) -> str | None:
    """What git says, None where there is no git or it does not know the folder."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
