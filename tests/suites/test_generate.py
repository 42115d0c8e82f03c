"""Prompts depend on the suite, the task, the stream and their number, and on nothing else."""

import numpy as np
import pytest
from raising import raises

from icl_bench.errors import InputError
from icl_bench.function_classes.streams import raw_words
from icl_bench.suites import find_task, generate, load_suite

MINI = list(load_suite("mini").tasks)


def make(task_name: str, stream: str, start: int, prompts: int) -> tuple:
    suite, task = find_task(f"mini/{task_name}")
    return generate(task, suite.name, stream, start, prompts)


@pytest.mark.parametrize("name", MINI)
@pytest.mark.parametrize(("start", "prompts"), [(0, 1), (255, 2), (300, 300)])
def test_prompt_j_is_the_same_whatever_else_is_asked_for(name, start, prompts):
    xs, ys, parameters = make(name, "eval", 0, 600)
    some_xs, some_ys, some_parameters = make(name, "eval", start, prompts)
    part = slice(start, start + prompts)
    assert np.array_equal(some_xs, xs[part])
    assert np.array_equal(some_ys, ys[part])
    assert all(np.array_equal(some_parameters[key], parameters[key][part]) for key in parameters)


@pytest.mark.parametrize("name", MINI)
def test_no_training_prompt_equals_an_evaluation_prompt(name):
    evaluation = {prompt.tobytes() for prompt in make(name, "eval", 0, 512)[0]}
    assert len(evaluation) == 512
    for stream in ("dev", "train/0", "train/1"):
        assert evaluation.isdisjoint(prompt.tobytes() for prompt in make(name, stream, 0, 1_024)[0])


def test_every_stream_has_a_key_of_its_own():
    """Streams of different keys never share a counter block; a key is 128 bits of SHA-256 of the name."""
    streams = ["eval", "dev", *(f"train/{seed}" for seed in range(200))]
    suites = [load_suite("mini"), load_suite("paper")]
    keys = [f"{suite.name}/{task}/{stream}" for suite in suites for task in suite.tasks for stream in streams]
    assert len({raw_words(key, 0, 1, 4).tobytes() for key in keys}) == len(keys)


@pytest.mark.parametrize(
    "stream", ["", "evaluation", "train", "train/", "train/-1", "train/01", "train/x", "eval\n"]
)
def test_an_unknown_stream_is_refused(stream):
    """A training stream can never be spelt so that it becomes the evaluation stream."""
    with raises(InputError, "unknown-stream", naming=("eval", "dev", "train/SEED")):
        make("linear_regression", stream, 0, 1)


@pytest.mark.parametrize(("start", "prompts"), [(0, 0), (-1, 5)])
def test_an_impossible_range_is_refused(start, prompts):
    with raises(InputError, "no-prompts", naming=start):
        make("linear_regression", "eval", start, prompts)
