"""Writes `tasks/mini-v1/tried.csv`: what was tried before the recipe of mini-v1 was chosen, one row a run.

    .venv/bin/python tests/community/tried_recipes.py RUN... > tasks/mini-v1/tried.csv

Each RUN is a folder that `icl-bench train` made with `--set`. A row holds what was tried, the development
optimality on the way and at the end, and the command that repeats the run by changing today's recipe.
"""

import csv
import json
import shlex
import sys
from pathlib import Path
from typing import Any

from icl_bench.specs.recipe import Recipe, changes_between
from icl_bench.specs.schema import parse
from icl_bench.training.log import LOG_FILE, read_log
from icl_bench.training.plan import make_plan

ON_THE_WAY = (500, 1_000, 1_500)  # steps
COLUMNS = ("model", "task", "seed", "steps", "tried", *map(str, ON_THE_WAY), "end", "command")
OF_THE_TASK = ("curriculum", "target_scale", "precision", "warmup", "steps", "stop")
BATCH = 64  # not listed: nearly all runs have it


def row(folder: Path) -> dict[str, Any]:
    """Of one run."""
    config = json.loads((folder / "config.json").read_text())
    name, task, training = config["spec"]["name"], config["task"], config["training"]
    recipe, seed = parse(Recipe, training["recipe"], str(folder)), training["seed"]
    known = {step: row["dev_optimality"] for step, row in _rows(folder).items()}
    shown = {key: value for key, value in recipe.to_dict().items() if key not in OF_THE_TASK}
    if recipe.batch == BATCH:
        del shown["batch"]
    return {
        "model": name,
        "task": task,
        "seed": seed,
        "steps": recipe.steps,
        "tried": " ".join(f"{key}={_plain(value)}" for key, value in shown.items()),
        **{str(step): _digits(known.get(step)) for step in ON_THE_WAY},
        "end": _digits(known[max(known)]),
        "command": command(f"reference/{name}", task, seed, recipe),
    }


def command(spec: str, task: str, seed: int, recipe: Recipe) -> str:
    """The `icl-bench train` that trains by a recipe, as changes to the suite's own."""
    changes = changes_between(make_plan(spec, task, seed).recipe, recipe)
    words = ["icl-bench", "train", spec, task, "--seed", str(seed)]
    return shlex.join([*words, *(word for change in changes for word in ("--set", change))])


def _rows(folder: Path) -> dict[int, dict[str, Any]]:
    return {int(row["step"] or 0): row for row in read_log((folder / LOG_FILE).read_text())}


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _digits(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def main() -> None:
    """The command of the module's docstring."""
    rows = [row(Path(folder)) for folder in sys.argv[1:]]
    rows.sort(key=lambda row: [row[key] for key in ("task", "model", "steps", "tried", "seed")])
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


if __name__ == "__main__":
    main()
