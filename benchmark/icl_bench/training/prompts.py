"""Training prompts: the stream `suite/task/train/<seed>`, cut down by the curriculum."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import torch

from icl_bench.function_classes.streams import raw_words
from icl_bench.specs.recipe import Recipe
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites.training_prompts import Batch, training_stream


def training_batch(suite: str, task: TaskSpec, recipe: Recipe, seed: int, step: int) -> Batch:
    """The prompts of one step: xs (batch, points, d) and ys (batch, points, k), float32.

    A function of its arguments alone, so a resumed run sees the prompts that the first would have seen.
    Under a curriculum the inactive coordinates of x are 0 and the prompt ends early; functions are drawn from
    the active coordinates where the source of the function class does so (`FunctionClass.sample_active`).
    """
    function_class = task.function_class
    words = function_class.words(task.points)
    stream = f"{suite}/{task.name}/{training_stream(seed)}"
    raw = raw_words(stream, step * recipe.batch, recipe.batch, words)
    if recipe.curriculum is None:
        xs, parameters = function_class.sample(raw, task.points)
    else:
        active = recipe.curriculum.dims.at(step, function_class.d)
        xs, parameters = function_class.sample_active(raw, task.points, active)
        xs = xs[:, : recipe.curriculum.points.at(step, task.points)].copy()
    return xs, function_class.evaluate(parameters, xs)


class PromptQueue:
    """Batches by step; the next `ahead` batches are made meanwhile, by threads.

    For accelerators, which would wait for them. A CPU has no time to spare: with `ahead` 0 no thread is made.
    """

    def __init__(self, make: Callable[[int], Batch], ahead: int) -> None:
        self._make = make
        self._ahead = ahead
        self._threads = ThreadPoolExecutor(ahead, "prompts") if ahead else None
        self._begun: dict[int, Future[Batch]] = {}

    def at(self, step: int) -> Batch:
        """The batch of a step."""
        if self._threads is None:
            return self._make(step)
        wanted = range(step, step + self._ahead + 1)
        self._begun = {
            ahead: self._begun.get(ahead) or self._threads.submit(self._make, ahead) for ahead in wanted
        }
        return self._begun[step].result()


def on_device(batch: Batch, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """xs and ys there; copies to a GPU wait for nothing that it still computes."""
    xs, ys = (torch.from_numpy(part) for part in batch)
    if device.type == "cuda":  # only from pinned memory
        return xs.pin_memory().to(device, non_blocking=True), ys.pin_memory().to(device, non_blocking=True)
    return xs.to(device), ys.to(device)
