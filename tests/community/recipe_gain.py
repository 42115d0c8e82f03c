"""What the recipe of mini-v1 gained over the one before it, from the curves of both.

    .venv/bin/python tests/community/recipe_gain.py

prints the excess (1 less the optimality on development prompts) that is left at the end of a run, the mean
over the twelve references, seed 0. What more steps would leave is told by a power law fitted to each curve,
as `converged` is. The curves of the former recipe are in git's history: it takes a clone with all commits.
"""

import csv
import io
import sys
from typing import Any

import numpy as np
from tabulate import tabulate

from icl_bench.git import ask_git
from icl_bench.models.reference import reference_names
from icl_bench.resources import data_folder
from icl_bench.suites import load_suite
from icl_bench.training.convergence import doubling_gain
from icl_bench.training.log import LOG_FILE, read_log

FORMER = "c63c13a^"  # the last commit that has the former runs
ROOT = data_folder("submissions").parent
RUNS = "submissions/reference/runs/mini-v1"
HEADS = ("task", "steps before", "excess left", "in three times", "steps now", "excess left", "in twice")


def rows() -> list[tuple[Any, ...]]:
    """One a graded task."""
    suite = load_suite("mini-v1")
    graded = [name for name, task in suite.tasks.items() if task.learned_at is None]
    return [(task, *_mean_of_models(task)) for task in graded]


def _mean_of_models(task: str) -> list[float]:
    ends = [_before(name, task) + _now(name, task) for name in reference_names("mini-v1")]
    return np.mean(ends, axis=0).tolist()


def _now(name: str, task: str) -> tuple[float, float, float]:
    """Steps, the excess left after them, and after twice as many."""
    curve = _curve_now(name, task)
    steps, excess = curve[-1]["step"], 1 - curve[-1]["dev_optimality"]
    gain = doubling_gain(curve, int(0.6 * steps), excess)
    return steps, excess, excess - (gain or 0.0)


def _before(name: str, task: str) -> tuple[float, float, float]:
    """Steps, the excess left after them, and after three times as many.

    Its curves have scores alone, which are linear in the error as optimality is: today's curves have both.
    """
    path = f"{RUNS}/{name}/seed-0/{task}/{LOG_FILE}"
    shown = ask_git(ROOT, "show", f"{FORMER}:{path}")
    if shown is None:
        sys.exit(f"{FORMER}:{path} is not in this clone; fetch all commits: git fetch --unshallow")
    today = _curve_now(name, task)
    line = np.polyfit([row["dev_score"] for row in today], [row["dev_optimality"] for row in today], 1)
    curve = [
        {"step": float(row["step"]), "dev_optimality": float(np.polyval(line, float(row["dev_score"])))}
        for row in csv.DictReader(io.StringIO(shown))
    ]
    steps, excess = curve[-1]["step"], 1 - curve[-1]["dev_optimality"]
    kept = 1 - (doubling_gain(curve, int(0.5 * steps), excess) or 0.0) / excess
    return steps, excess, excess * kept ** np.log2(3)


def _curve_now(name: str, task: str) -> list[Any]:
    path = ROOT / RUNS / name / "seed-0" / task / LOG_FILE
    return read_log(path.read_text(encoding="utf-8"))


def printed() -> str:
    """In Markdown."""
    formats = ("", ",.0f", ".3f", ".3f", ",.0f", ".3f", ".3f")
    return tabulate(rows(), HEADS, tablefmt="pipe", floatfmt=formats)


if __name__ == "__main__":
    print(printed())
