"""Training prompts: the stream `suite/task/train/<seed>`, cut down by the curriculum."""

import numpy as np

from icl_bench.function_classes.streams import raw_words
from icl_bench.specs.recipe import Recipe
from icl_bench.specs.suite import TaskSpec


def training_batch(
    suite: str, task: TaskSpec, recipe: Recipe, seed: int, step: int
) -> tuple[np.ndarray, np.ndarray]:
    """The prompts of one step: xs (batch, points, d) and ys (batch, points, k), float32.

    A function of its arguments alone, so a resumed run sees the prompts that the first would have seen.
    Under a curriculum the inactive coordinates of x are 0 and the prompt ends early.
    """
    function_class = task.function_class
    words = function_class.words(task.points)
    raw = raw_words(f"{suite}/{task.name}/train/{seed}", step * recipe.batch, recipe.batch, words)
    xs, parameters = function_class.sample(raw, task.points)
    if recipe.curriculum is not None:
        xs = xs[:, : recipe.curriculum.points.at(step, task.points)].copy()
        xs[:, :, recipe.curriculum.dims.at(step, function_class.d) :] = 0.0
    return xs, function_class.evaluate(parameters, xs)
