"""How suites, tasks and runs are named: `mini-v1-seed-0` in file names, `mini-v1/gpt2/seed-0` as folders."""

import os
import re
from pathlib import Path

from icl_bench.specs.checkpoint_files import CONFIG_FILE

TASK_NAME = r"[a-z][a-z0-9_]{0,63}"  # regular expressions
SUITE_NAME = r"[a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)*-v[0-9]+"  # words and a version, as mini-shifts-v1
RUNS = "runs"  # the folder in which training keeps its runs unless another is named
SEED_FOLDER = r"seed-(0|[1-9][0-9]*)"  # a regular expression: the seed
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


def seed_folders(folder: Path) -> dict[int, Path]:
    """The folders of training runs in that of a model, by seed, as `seed_folder` lays them; none where
    `folder` holds a checkpoint besides."""
    seeds: dict[int, Path] = {}
    if not os.path.isdir(folder):  # unlike the method, it says no to any name
        return seeds
    for path in folder.glob("*"):
        if seed := re.fullmatch(SEED_FOLDER, path.name):
            seeds[int(seed[1])] = path
        elif path.name == CONFIG_FILE or (path / CONFIG_FILE).exists():
            return {}
    return {seed: path for seed, path in sorted(seeds.items()) if path.is_dir()}


def model_of_folder(path: str) -> str:
    """What a folder of checkpoints is called: its last part, less `seed-N` where it lies in a model's."""
    parts = [part for part in Path(path).parts if not re.fullmatch(SEED_FOLDER, part)]
    return parts[-1] if parts else path
