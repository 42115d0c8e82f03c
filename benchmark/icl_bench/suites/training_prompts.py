"""Prompts to train on: the stream `train/<seed>` of a task, which no evaluation reads."""

from collections.abc import Iterator
from itertools import count

import numpy as np

from icl_bench.errors import InputError
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites.catalogue import find_task
from icl_bench.suites.generate import generate

Batch = tuple[np.ndarray, np.ndarray]  # xs (batch, points, d) and ys (batch, points, k), float32


def training_stream(seed: int) -> str:
    """The stream of the training prompts of a seed, at least 0."""
    return f"train/{seed}"


def training_prompts(task: str, seed: int = 0, batch: int = 64) -> Iterator[Batch]:
    """Prompts of a task to train any model on, batch after batch without end.

    Args:
        task: SUITE/TASK, as `mini/linear_regression`.
        seed: names the stream, at least 0: the same seed gives the same prompts, bit for bit.
        batch: prompts at a time.

    Yields xs (batch, points, d) and ys (batch, points, k), float32, in the units of the task; a prediction of
    ys[:, i] may read xs[:, :i+1] and ys[:, :i]. With the batch of a recipe that has no curriculum they are
    what `icl_bench.train` takes, step by step.

    The frozen prompts are for evaluation alone: train on these, which are of another random stream, whatever
    the seed. A model that was trained on frozen prompts is detected by its error on fresh ones.

    Raises InputError where there is no such task, where it is a variant, which nothing is trained on, and
    where the seed or the batch is not a whole number of at least 0 or 1.

    >>> batches = icl_bench.training_prompts("mini/linear_regression", batch=32)
    >>> xs, ys = next(batches)
    >>> xs.shape, ys.shape, xs.dtype
    ((32, 11, 5), (32, 11, 1), dtype('float32'))
    """
    suite, spec = find_task(task)
    if spec.trained_as is not None:
        raise InputError(f"{spec.name} is a variant of {spec.trained_as}; train on that", code="variant")
    for name, number, least in (("seed", seed, 0), ("batch", batch, 1)):
        if number < least:
            raise InputError(f"{name} {number}; give a whole number of at least {least}", code="not-a-count")
    return _batches(spec, suite.name, seed, batch)


def _batches(task: TaskSpec, suite: str, seed: int, batch: int) -> Iterator[Batch]:
    for step in count():
        xs, ys, _ = generate(task, suite, training_stream(seed), step * batch, batch)
        yield xs, ys
