"""The table of what was tried repeats: each row's command trains by the recipe that the row tells."""

import csv
import re
import shlex
from pathlib import Path

import pytest
from recipe_gain import FORMER, ROOT, RUNS, printed
from tried_recipes import COLUMNS, command

from icl_bench.git import ask_git
from icl_bench.resources import data_folder
from icl_bench.specs.recipe import parse_changes
from icl_bench.training.plan import make_plan

TABLE = data_folder("tasks") / "mini-v1" / "tried.csv"


def read_table(path: Path = TABLE) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
        assert tuple(reader.fieldnames or ()) == COLUMNS
    return rows


@pytest.mark.parametrize("row", read_table(), ids=lambda row: f"{row['model']} {row['tried']} {row['seed']}")
def test_a_command_trains_by_what_its_row_tells(row: dict[str, str]) -> None:
    words = shlex.split(row["command"])
    assert words[:4] == ["icl-bench", "train", f"reference/{row['model']}", row["task"]]
    options = list(zip(words[4::2], words[5::2], strict=True))
    assert options[0] == ("--seed", row["seed"])
    changes = [value for key, value in options[1:] if key == "--set"]
    assert len(changes) == len(options) - 1
    plan = make_plan(words[2], words[3], int(row["seed"]), changes=parse_changes(changes))
    assert plan.recipe.steps == int(row["steps"])
    tried = dict(pair.split("=", 1) for pair in row["tried"].replace(", ", ",").split(" "))
    for key, value in tried.items():
        used = plan.recipe.to_dict()[key]
        assert (str(used).replace(", ", ",") if isinstance(used, str | list) else float(used)) == (
            value if isinstance(used, str | list) else float(value)
        ), key
    assert command(words[2], words[3], int(row["seed"]), plan.recipe) == row["command"]


def test_what_the_recipe_tells_of_muon_and_adam_is_in_the_rows() -> None:
    """The table of its comment: with two seeds each, for models of four kinds and on five of the tasks."""
    tasks = {
        "sparse regression": "sparse_linear_regression",
        "trees": "decision_tree",
        "linear regression": "linear_regression",
        "parity": "sparse_parity",
        "retrieval": "vector_mqar",
    }
    ends = {
        (row["task"], row["model"], shlex.split(row["tried"])[0], row["seed"]): float(row["end"])
        for row in read_table()
        if "learning_rate=0.0005 decay=linear decay_share=0.3" in row["tried"]  # Adam
        or row["tried"].endswith("learning_rate=0.001 decay=linear matrix_rate=0.0015 decay_share=0.4")
    }
    line = re.compile(
        r"^#   ([a-z ]*?) +([a-z0-9-]+) +(0.\d\d|1.00), (\S+)   (0.\d\d), (0.\d\d)$", re.MULTILINE
    )
    told, task = line.findall((TABLE.parent / "recipe.yaml").read_text(encoding="utf-8")), ""
    assert len(told) == 9
    for name, model, *figures in told:
        task = name or task
        runs = [(optimiser, seed) for optimiser in ("muon", "adam") for seed in "01"]
        for figure, (optimiser, seed) in zip(figures, runs, strict=True):
            end = ends[f"mini-v1/{tasks[task]}", model, f"optimiser={optimiser}", seed]
            assert float(figure) == pytest.approx(end, abs=0.0051), (task, model, optimiser, seed)


def test_the_gain_over_the_former_recipe_is_what_its_command_prints() -> None:
    if ask_git(ROOT, "cat-file", "-e", f"{FORMER}:{RUNS}") is None:
        pytest.skip("needs a clone with all commits, for the former curves")
    page = ROOT / "submissions/reference/superseded/README.md"
    assert printed() in page.read_text(encoding="utf-8")
