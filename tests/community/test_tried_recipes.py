"""The table of what was tried repeats: each row's command trains by the recipe that the row tells."""

import csv
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


def test_muon_beside_adam_was_tried_with_two_seeds() -> None:
    """On sparse regression, for a model with learned positions and one with RoPE."""
    for model in ("gpt2", "llama"):
        rows = [
            row
            for row in read_table()
            if (row["model"], row["task"]) == (model, "mini-v1/sparse_linear_regression")
        ]
        for optimiser in ("adam", "muon"):
            seeds = {row["seed"] for row in rows if f"optimiser={optimiser}" in row["tried"]}
            assert seeds >= {"0", "1"}, (model, optimiser)


def test_the_gain_over_the_former_recipe_is_what_its_command_prints() -> None:
    if ask_git(ROOT, "cat-file", "-e", f"{FORMER}:{RUNS}") is None:
        pytest.skip("needs a clone with all commits, for the former curves")
    page = ROOT / "submissions/reference/superseded/README.md"
    assert printed() in page.read_text(encoding="utf-8")
