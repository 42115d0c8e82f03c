"""What computed a result: the icl-bench, its commit, and the machine's numerical environment."""

import platform
import re
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from icl_bench.git import ask_git
from icl_bench.resources import data_folder, threads
from icl_bench.specs.result import Environment, Evaluator

# What decides a result: code and tasks, except what the suite's lock hash covers in every record.
_DECISIVE = ("benchmark", "tasks", ":(exclude)tasks/*/lock.json", ":(exclude)tasks/*/baselines/*")
SERVER = "server"  # in place of a device, where a model is served and not loaded
_LONGEST = 100  # characters of a processor's name


def describe_evaluator() -> Evaluator:
    """This icl-bench: its version, and in a checkout the commit and whether what decides a result
    differs from it."""
    root = data_folder("tasks").parent  # the checkout, or a folder inside the installed package
    commit = ask_git(root, "rev-parse", "HEAD") if (root / ".git").exists() else None
    changes = (
        ask_git(root, "status", "--porcelain", "--untracked-files=all", "--", *_DECISIVE) if commit else None
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
        processor=processor(device),
    )


def describe_training(device: str) -> dict[str, Any]:
    """What decides the bits of trained weights beside the plan: the code and the numerical environment."""
    return {
        "code": describe_evaluator().model_dump(mode="json"),
        "environment": describe_environment(device).model_dump(mode="json"),
    }


def processor(device: str = "cpu") -> str | None:
    """The model of the processor of a device, in at most 100 characters; None where the system does not say.

    Of a CPU that is the name with the numbers of its family and model, which virtual machines leave as they
    are where the name is that of many. A server does not say.
    """
    if device == SERVER:
        return None
    if device.startswith("cuda"):
        import torch

        return str(torch.cuda.get_device_name(device))[:_LONGEST]
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
    except OSError:
        return platform.processor()[:_LONGEST] or None
    facts = dict(re.findall(r"^([\w ]+?)\s*: (.+)$", text, flags=re.MULTILINE))
    keys = {"model name": "", "cpu family": "family ", "model": "model ", "CPU part": "part "}
    return ", ".join(word + facts[key] for key, word in keys.items() if key in facts)[:_LONGEST] or None


def peak_memory_mb() -> float | None:
    """The most memory this process has held so far, in MiB; None where the system does not say."""
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
