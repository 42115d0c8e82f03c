"""Prompts to train on: without end, the same for a seed, those of the trainer, and never an evaluated one."""

from itertools import islice

import numpy as np
import pytest
from raising import raises

import icl_bench
from icl_bench.errors import InputError
from icl_bench.evaluation.fresh import fresh_prompts
from icl_bench.suites import find_task, generate, load_prompts
from icl_bench.suites.recipes import suite_recipe
from icl_bench.suites.training_prompts import training_stream
from icl_bench.training.prompts import training_batch

TASKS = ["linear_regression", "sparse_parity", "vector_mqar"]


def first(task: str, batches: int, **options: int) -> list[tuple[np.ndarray, np.ndarray]]:
    return list(islice(icl_bench.training_prompts(task, **options), batches))


@pytest.mark.parametrize("task", TASKS)
def test_a_seed_decides_every_bit_whatever_the_batch(tiny, task):
    small = first(f"tiny/{task}", 6, seed=5, batch=4)
    large = first(f"tiny/{task}", 2, seed=5, batch=12)
    for place in (0, 1):
        parts = [np.concatenate([batch[place] for batch in batches]) for batches in (small, large)]
        assert parts[0].tobytes() == parts[1].tobytes()
        assert parts[0].dtype == np.float32
    other = first(f"tiny/{task}", 2, seed=6, batch=12)
    assert not np.array_equal(other[0][0], large[0][0])
    assert len({xs.tobytes() for xs, _ in small}) == len(small)


@pytest.mark.parametrize("task", TASKS)
def test_they_are_those_of_the_trainer(task):
    suite, spec = find_task(f"mini/{task}")
    recipe = suite_recipe(suite, task).model_copy(update={"curriculum": None})
    for step, batch in enumerate(first(f"mini/{task}", 3, seed=2, batch=recipe.batch)):
        trained = training_batch(suite.name, spec, recipe, seed=2, step=step)
        assert [part.tobytes() for part in batch] == [part.tobytes() for part in trained]


def test_no_other_use_of_a_task_reads_a_training_stream(tiny):
    """By the names of the streams, and by the prompts themselves as a witness."""
    others = {"eval", "dev", "fresh/" + "0" * 40}
    assert not others & {training_stream(seed) for seed in range(100)}
    for task in TASKS:
        spec = tiny.tasks[task]
        scored = [load_prompts(tiny, task).xs, generate(spec, tiny.name, "dev", 0, 96)[0]]
        scored.append(fresh_prompts(tiny, task, "0" * 40).xs)
        known = {prompt.tobytes() for prompts in scored for prompt in prompts}
        for seed in (0, 1):
            trained = first(f"tiny/{task}", 8, seed=seed)
            assert not known & {prompt.tobytes() for xs, _ in trained for prompt in xs}


@pytest.mark.parametrize(
    ("task", "options", "code", "data"),
    [
        ("tiny/linear_regresion", {}, "unknown-task", "did you mean 'linear_regression'"),
        ("linear_regression", {}, "not-suite-task", "linear_regression"),
        ("tiny/sparse_parity", {"seed": -1}, "not-a-count", ("seed -1", 0)),
        ("tiny/sparse_parity", {"batch": 0}, "not-a-count", ("batch 0", 1)),
    ],
)
def test_bad_input_is_reported_before_the_first_batch(tiny, task, options, code, data):
    with raises(InputError, code, naming=data):
        icl_bench.training_prompts(task, **options)
