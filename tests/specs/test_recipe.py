"""Recipes are data: strict, with the task's own keys over the default's."""

from pathlib import Path

import pytest

from icl_bench.errors import SpecError
from icl_bench.specs.recipe import Ramp, load_recipe

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
    rates = [recipe.rate(step) / 1e-3 for step in (0, 9, 10, 50, 75, 99)]
    assert rates == pytest.approx([0.1, 1.0, 1.0, 1.0, 0.5, 0.02])


def test_a_ramp_ends_at_the_full_size() -> None:
    ramp = Ramp(start=3, by=2, every=10)
    assert [ramp.at(step, 6) for step in (0, 9, 10, 20, 1000)] == [3, 3, 5, 6, 6]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("decay: none", "decya: none", "unknown key 'decya'"),
        ("batch: 64", "batch: 0", "batch"),
        ("target_scale: 1.0", "target_scale: .inf", "target_scale"),
        ("sparse_parity: {", "sparse_party: {", "unknown task 'sparse_party'"),
        ("steps: 100,", "", "missing key 'steps'"),
        ("decay: linear", "decay: cosine", "decay"),
        ("default: {", "defaults: {", "schema: 1, default and tasks"),
        ("tasks:\n", "tasks: 3\nx:\n", "schema: 1, default and tasks"),
        ("{learning_rate: 4.0e-4, decay: none}", "fast", "are mappings"),
    ],
)
def test_a_fault_is_one_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in TEXT
    with pytest.raises(SpecError) as caught:
        load_recipe(written(tmp_path, TEXT.replace(old, new)), "decision_tree", TASKS)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
