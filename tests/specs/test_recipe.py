"""Recipes are data: strict, with the task's own keys over the default's."""

from pathlib import Path

import pytest

from icl_bench.errors import SpecError
from icl_bench.specs.recipe import Ramp, changed_recipe, load_recipe, parse_changes

TASKS = ["sparse_parity", "decision_tree"]
TEXT = """
schema: 1
default: {optimiser: adam, learning_rate: 1.0e-3, warmup: 10, decay: linear, batch: 64, steps: 100,
          curriculum: null, target_scale: 1.0, precision: float32}
tasks:
  sparse_parity: {learning_rate: 4.0e-4, decay: none}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(text)
    return path


def test_a_tasks_own_keys_come_first(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT)
    parity, other = load_recipe(path, "sparse_parity", TASKS), load_recipe(path, "decision_tree", TASKS)
    assert (parity.learning_rate, parity.decay, parity.steps) == (4e-4, "none", 100)
    assert (other.learning_rate, other.decay, other.steps) == (1e-3, "linear", 100)


def test_the_rate_warms_up_then_falls_over_the_second_half(tmp_path: Path) -> None:
    recipe = load_recipe(written(tmp_path, TEXT), "decision_tree", TASKS)
    shares = [recipe.schedule(step) for step in (0, 9, 10, 50, 75, 99)]
    assert shares == pytest.approx([0.1, 1.0, 1.0, 1.0, 0.5, 0.02])
    assert recipe.decay_start(100) == 50


def test_the_rate_may_fall_over_another_share_or_as_a_cosine(tmp_path: Path) -> None:
    recipe = load_recipe(written(tmp_path, TEXT), "decision_tree", TASKS)
    short = recipe.model_copy(update={"decay_share": 0.2})
    assert [short.schedule(step) for step in (79, 80, 90, 99)] == pytest.approx([1.0, 1.0, 0.5, 0.05])
    assert short.schedule(45, end=50) == pytest.approx(0.5)  # of a run that ends sooner
    assert (short.decay_start(100), short.decay_start(50)) == (80, 40)
    cosine = recipe.model_copy(update={"decay": "cosine"})
    assert [cosine.schedule(step) for step in (50, 75)] == pytest.approx([0.5, 0.146447], abs=1e-6)


def test_a_key_that_came_later_is_in_no_older_provenance(tmp_path: Path) -> None:
    recipe = load_recipe(written(tmp_path, TEXT), "decision_tree", TASKS)
    assert set(recipe.to_dict()) == {
        "optimiser", "learning_rate", "warmup", "decay", "batch", "steps", "curriculum", "target_scale",
        "precision",
    }  # fmt: skip
    assert recipe.model_copy(update={"clip": 1.0}).to_dict()["clip"] == 1.0


def test_single_keys_are_changed_on_the_command_line(tmp_path: Path) -> None:
    recipe = load_recipe(written(tmp_path, TEXT), "decision_tree", TASKS)
    changes = [
        "optimiser=muon",
        "matrix_rate=3e-3",
        "betas=[0.8, 0.9]",
        "stop={gain: 0.01, after: 9, above: 0}",
    ]
    changed = changed_recipe(recipe, parse_changes(changes))
    assert (changed.optimiser, changed.matrix_rate, changed.betas, changed.steps) == (
        "muon",
        3e-3,
        [0.8, 0.9],
        100,
    )
    assert changed.stop is not None
    assert changed.stop.after == 9
    assert changed_recipe(recipe, {}) is recipe


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("learning_rat=1", "did you mean 'learning_rate'"),
        ("learning_rate", "write KEY=VALUE"),
        ("learning_rate=fast", "learning_rate"),
        ("betas=[0.9", "--set betas"),
        ("steps=1e3", "steps"),
    ],
)
def test_a_change_that_cannot_be_is_one_line(tmp_path: Path, change: str, message: str) -> None:
    recipe = load_recipe(written(tmp_path, TEXT), "decision_tree", TASKS)
    with pytest.raises(SpecError) as caught:
        changed_recipe(recipe, parse_changes([change]))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_ramp_ends_at_the_full_size() -> None:
    ramp = Ramp(start=3, by=2, every=10)
    assert [ramp.at(step, 6) for step in (0, 9, 10, 20, 1000)] == [3, 3, 5, 6, 6]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("decay: none", "decya: none", "unknown key 'decya'"),
        ("batch: 64", "batch: 0", "batch"),
        ("target_scale: 1.0", "target_scale: .inf", "target_scale"),
        ("sparse_parity: {", "sparse_party: {", "unknown task 'sparse_party'"),
        ("steps: 100,", "", "missing key 'steps'"),
        ("decay: linear", "decay: cubic", "decay"),
        ("optimiser: adam,", "optimiser: muon,", "matrix_rate"),
        ("warmup: 10,", "warmup: 10, matrix_rate: 0.1,", "matrix_rate"),
        ("warmup: 10,", "warmup: 10, weight_decay: 0.1,", "adamw"),
        ("warmup: 10,", "warmup: 10, betas: [0.9, 1.0],", "betas"),
        ("decay: linear", "decay: cosine, stop: {gain: 0.01, after: 10, above: 0.9}", "stop"),
        ("default: {", "defaults: {", "schema: 1, default and tasks"),
        ("tasks:\n", "tasks: 3\nx:\n", "schema: 1, default and tasks"),
        ("{learning_rate: 4.0e-4, decay: none}", "fast", "are mappings"),
    ],
)
def test_a_fault_is_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(SpecError) as caught:
        load_recipe(written(tmp_path, TEXT.replace(old, new)), "decision_tree", TASKS)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
