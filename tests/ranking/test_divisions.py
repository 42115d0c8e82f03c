"""The closed division: what a checkpoint says of its training and its size decide; references are in it."""

import pytest
from fabricated_record import trained

from icl_bench.leaderboard.entries import recorded_entries
from icl_bench.models.shipped import task_spec
from icl_bench.ranking.divisions import ClosedDivision
from icl_bench.specs.architecture import parse_architecture
from icl_bench.specs.recipe import Recipe, changed_recipe
from icl_bench.suites import load_suite
from icl_bench.suites.recipes import suite_recipe

TASK = "linear_regression"
SUITE = load_suite("mini")
RECIPE = suite_recipe(SUITE, TASK)
CLOSED = ClosedDivision(SUITE)


def training(recipe: Recipe = RECIPE, steps: int = RECIPE.steps, ended: str = "budget", **changes) -> dict:
    """What a checkpoint says that was trained by the recipe."""
    outcome = trained(seed=0)["outcome"] | {"steps": steps, "ended": ended}
    return {"seed": 0, "recipe": recipe.to_dict(), "outcome": outcome} | changes


@pytest.mark.parametrize(
    "said", [training(), training(steps=RECIPE.stop.after, ended="rule"), training(compiled=True)]
)
def test_a_run_by_the_recipe_to_its_end_or_its_stopping_rule_is_closed(said):
    assert CLOSED.training_fault(TASK, said) is None


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (None, "training.recipe"),
        (training(recipe=changed_recipe(RECIPE, {"learning_rate": 2e-3})), "learning_rate=0.002"),
        (training(recipe=changed_recipe(RECIPE, {"steps": 1_000}), steps=1_000), "steps=1000"),
        (training() | {"recipe": [1]}, "training.recipe"),
        (training(outcome=None), "training.outcome"),
        (training(steps=RECIPE.steps + 1), "5,001"),
        (training(steps=RECIPE.steps - 1), "4,999"),  # ended by hand, and not by the rule
        (training(steps=RECIPE.stop.after - 1, ended="rule"), "1,499"),  # the rule ends none as early
        (training(seed="0"), "training.seed"),
        (training(seed=None), "training.seed"),
    ],
)
def test_a_run_that_was_trained_otherwise_is_not(said, named):
    fault = CLOSED.training_fault(TASK, said)
    assert fault is not None
    assert named in fault


def test_a_suite_without_a_recipe_has_no_closed_division(tiny):
    fault = ClosedDivision(tiny).training_fault(TASK, training())
    assert fault is not None
    assert "tiny-v1 has no recipe.yaml" in fault


def test_a_variant_asks_for_the_recipe_of_the_task_that_models_are_trained_on():
    shifts = ClosedDivision(load_suite("mini-shifts"))
    assert shifts.recipe("linear_skewed") == RECIPE
    assert shifts.most_parameters("linear_skewed") == CLOSED.most_parameters(TASK)
    assert shifts.recipe("retrieval_more") == suite_recipe(SUITE, "vector_mqar") != RECIPE


def test_a_model_may_be_a_fifth_larger_than_the_largest_reference_and_as_small_as_it_likes():
    largest = task_spec("reference/llama-ropeless", SUITE, TASK)
    assert CLOSED.most_parameters(TASK) == int(1.2 * 295_873)
    assert CLOSED.size_fault(TASK, largest) is None
    layers = largest.to_dict()["layers"]
    more = parse_architecture(largest.to_dict() | {"layers": [*layers, layers[-1] | {"repeat": 1}]}, "spec")
    fault = CLOSED.size_fault(TASK, more)
    assert fault is not None
    assert "355,047" in fault
    assert CLOSED.size_fault(TASK, task_spec("zoo/looped-gpt2", SUITE, TASK)) is None


def test_the_hash_of_a_recipe_changes_with_any_key_and_not_with_keys_that_came_later():
    assert RECIPE.hash == Recipe.model_validate(RECIPE.model_dump(mode="json")).hash
    assert RECIPE.hash != changed_recipe(RECIPE, {"batch": 65}).hash
    adam = changed_recipe(RECIPE, {"optimiser": "adam", "matrix_rate": None})
    assert adam.hash == changed_recipe(adam, {"clip": None, "weight_decay": 0.0}).hash


@pytest.mark.slow
@pytest.mark.parametrize("suite", ["mini", "mini-shifts", "mini-boolean", "mini-conditioning"])
def test_everything_that_was_trained_here_is_closed(suite):
    entries = recorded_entries(load_suite(suite), [])
    assert entries
    assert {entry.name: entry.division for entry in entries} == {entry.name: "closed" for entry in entries}


@pytest.mark.slow
def test_what_was_pretrained_elsewhere_is_open():
    """And what was trained here stays closed beside it."""
    entries = recorded_entries(load_suite("text-boolean"), [])
    pretrained = {entry.name: entry.name.startswith("text/") for entry in entries}
    assert set(pretrained.values()) == {True, False}
    expected = {name: "open" if elsewhere else "closed" for name, elsewhere in pretrained.items()}
    assert {entry.name: entry.division for entry in entries} == expected
