"""The file of a variant names its base and its changes; the rest is the base's."""

import shutil

import numpy as np
import pytest
import yaml
from raising import raises

from icl_bench.baselines.base import get_baseline
from icl_bench.errors import InputError, SpecError
from icl_bench.frozen.anchors import named_anchors
from icl_bench.resources import data_folder
from icl_bench.suites import find_task, load_prompts, load_suite


@pytest.fixture
def deeper(tmp_path, monkeypatch):
    """A suite of one's own with tree_deeper of mini-shifts-v1, and what writes its file with changes."""
    shipped = data_folder("tasks") / "mini-shifts-v1"
    folder = tmp_path / "deeper-v1"
    folder.mkdir()
    suite = yaml.safe_load((shipped / "suite.yaml").read_text(encoding="utf-8"))
    suite |= {"name": "deeper-v1", "tasks": ["tree_deeper"]}
    (folder / "suite.yaml").write_text(yaml.safe_dump(suite), encoding="utf-8")
    shutil.copy(shipped / "tree_deeper.yaml", folder)
    monkeypatch.setenv("ICL_BENCH_SUITES", str(tmp_path))

    def write(**changes: object) -> None:
        values = yaml.safe_load((shipped / "tree_deeper.yaml").read_text(encoding="utf-8")) | changes
        (folder / "tree_deeper.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")

    return write


def test_what_the_file_leaves_out_is_the_bases(deeper):
    base = load_suite("mini-v1").task("decision_tree")
    task = load_suite("deeper").task("tree_deeper")
    assert task.base == base
    assert (task.points, task.scored, task.baseline) == (base.points, base.scored, base.baseline)
    assert task.function_class.model_dump() == {"type": "decision_tree", "dims": 4, "depth": 3}
    assert task.learned_at is None
    deeper(points=7, function_class={"type": "linear_regression", "dims": 2})
    changed = load_suite("deeper").task("tree_deeper")
    assert (changed.points, changed.function_class.type) == (7, "linear_regression")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("mini-v1/nothing", "no-base"),
        ("mini-v9/decision_tree", "no-base"),
        ("mini-shifts-v1/tree_biased", "variant-of-variant"),
        ("deeper-v1/tree_deeper", "variant-of-variant"),
        ("mini-v1/../mini-v1/decision_tree", "no-base"),
    ],
)
def test_a_base_is_a_task_that_models_are_trained_on(deeper, name, code):
    deeper(trained_as=name)
    with raises(SpecError, code, naming=("trained_as", "deeper-v1/tree_deeper.yaml")):
        load_suite("deeper")


def test_the_ideal_is_the_exact_predictor_of_the_base():
    suite, task = find_task("mini-shifts/parity_larger")
    prompts = load_prompts(suite, task.name).part(slice(64))
    ideal = get_baseline("in_distribution_ideal", task).predict(prompts.xs, prompts.ys)
    base = get_baseline(task.base.exact, task.base).predict(prompts.xs, prompts.ys)
    exact = get_baseline(task.exact, task).predict(prompts.xs, prompts.ys)
    assert np.array_equal(ideal, base)
    assert not np.array_equal(ideal, exact)
    assert "in_distribution_ideal" in named_anchors(task)
    with raises(InputError, "other-task-only", naming="sparse_parity"):
        get_baseline("in_distribution_ideal", task.base)
