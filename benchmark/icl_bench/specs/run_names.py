"""How suites, tasks and runs are named: `mini-v1-seed-0` in file names, `mini-v1/gpt2/seed-0` as folders."""

import re
from pathlib import Path

TASK_NAME = r"[a-z][a-z0-9_]{0,63}"  # regular expressions
SUITE_NAME = r"[a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)*-v[0-9]+"  # words and a version, as mini-shifts-v1
RUNS = "runs"  # the folder in which training keeps its runs unless another is named
RUN_NAME = rf"({SUITE_NAME})-seed-([0-9]+)"  # a regular expression: the suite and the seed


def run_name(suite: str, seed: int) -> str:
    """What the files of a run on a suite are named after: `mini-v1-seed-0`."""
    return f"{suite}-seed-{seed}"


def split_run_name(name: str) -> tuple[str, int] | None:
    """The suite and seed of a run's name; None where the text is not the name of a run."""
    parts = re.fullmatch(RUN_NAME, name)
    return None if parts is None else (parts[1], int(parts[2]))


def seed_folder(root: Path, suite: str, model: str, seed: int) -> Path:
    """The folder in `root` of a model's training runs of one seed, which holds one folder a task."""
    return root / suite / model / f"seed-{seed}"
