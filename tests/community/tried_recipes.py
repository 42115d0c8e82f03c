"""Writes `tasks/mini-v1/tried.csv`: what was tried before the recipe of mini-v1 was chosen, one row a run.

    .venv/bin/python tests/community/tried_recipes.py RUN... > tasks/mini-v1/tried.csv

Each RUN is a folder that `icl-bench train` made with `--set`. A row holds the changes to the recipe that was
in force, the development optimality on the way and at the end, and the command that repeats the run.
"""

import csv
import json
import sys
from pathlib import Path
from typing import Any

from icl_bench.training.log import LOG_FILE, read_log

COLUMNS = ["model", "task", "seed", "steps", "changes", "at 500", "at 1000", "at 1500", "end", "command"]
BEFORE = {  # the recipe in force while these were tried
    "optimiser": "adam",
    "learning_rate": 5e-4,
    "warmup": 200,
    "decay": "linear",
    "batch": 64,
}


def row(folder: Path) -> dict[str, Any]:
    """Of one run: its changes to BEFORE, optimalities by step, and its command."""
    config = json.loads((folder / "config.json").read_text())
    training, name, task = config["training"], config["spec"]["name"], config["task"].removeprefix("mini-v1/")
    recipe = training["recipe"]
    changes = [
        f"{key}={json.dumps(value) if isinstance(value, list) else value}"
        for key, value in recipe.items()
        if key not in ("steps", "curriculum", "target_scale", "precision") and BEFORE.get(key) != value
    ]
    found = {r["step"]: r["dev_optimality"] for r in read_log((folder / LOG_FILE).read_text())}
    command = (
        f"icl-bench train reference/{name} mini/{task} --seed {training['seed']} --steps {recipe['steps']}"
    )
    told = {"model": name, "task": task, "seed": training["seed"], "steps": recipe["steps"]}
    told |= {f"at {step}": _digits(found.get(step)) for step in (500, 1_000, 1_500)}
    told |= {"changes": " ".join(changes), "end": _digits(found[recipe["steps"]])}
    options = [f"--set {key}={value}" for key, value in BEFORE.items() if recipe[key] == value]
    options += [f"--set '{change}'" if " " in change else f"--set {change}" for change in changes]
    return told | {"command": " ".join([command, *options])}


def _digits(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def main() -> None:
    """The command of the module's docstring."""
    rows = sorted(
        (row(Path(one)) for one in sys.argv[1:]), key=lambda r: (r["task"], r["model"], r["changes"])
    )
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


if __name__ == "__main__":
    main()
