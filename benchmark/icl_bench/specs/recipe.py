"""The file `recipe.yaml` of a suite: how a model is trained on each of its tasks."""

from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from icl_bench.errors import SpecError, UnknownNameError
from icl_bench.specs.schema import Strict, parse, read_yaml

RECIPE_FILE = "recipe.yaml"


class Ramp(Strict):
    """A whole number that grows with the training step: `start`, then `+ by` every `every` steps."""

    start: int = Field(ge=1)
    by: int = Field(ge=1)
    every: int = Field(ge=1)

    def at(self, step: int, full: int) -> int:
        """The value at a step (from 0), never above `full`."""
        return min(self.start + self.by * (step // self.every), full)


class Curriculum(Strict):
    """From few active dimensions and short prompts to whole ones (Garg et al. 2022, arXiv 2208.01066)."""

    dims: Ramp
    points: Ramp


class Recipe(Strict):
    """Adam on the squared error, averaged over the prompt, on fresh prompts every step."""

    optimiser: Literal["adam"]
    learning_rate: float = Field(gt=0, le=1)
    warmup: int = Field(ge=0)  # steps of linear increase of the rate
    decay: Literal["none", "linear"]  # linear over the second half: the last step has 2/steps of the rate
    batch: int = Field(ge=1, le=65_536)  # prompts a step
    steps: int = Field(ge=1, le=100_000_000)
    curriculum: Curriculum | None
    target_scale: float = Field(
        gt=0, allow_inf_nan=False
    )  # targets are multiplied by it on their way into the model
    precision: Literal["float32", "tf32", "bf16"]  # of matrix products while training; weights are float32

    def rate(self, step: int) -> float:
        """The learning rate of a step (from 0)."""
        rate = self.learning_rate
        if step < self.warmup:
            rate *= (step + 1) / self.warmup
        if self.decay == "linear":
            rate *= min(1.0, 2 * (self.steps - step) / self.steps)
        return rate


def load_recipe(path: Path, task: str, tasks: Collection[str]) -> Recipe:
    """The recipe of one task: the file's `default`, with the task's own keys in place of the default's.

    tasks: all of the suite's; SpecError where the file names another, or holds an unknown key.
    """
    value = read_yaml(path)
    if not isinstance(value, dict) or set(value) != {"schema", "default", "tasks"} or value["schema"] != 1:
        raise SpecError(f"{path}: a recipe file has the keys schema: 1, default and tasks")
    default, own = _mapping(value["default"], path), _mapping(value["tasks"], path)
    for name, changes in own.items():
        if name not in tasks:
            raise SpecError(str(UnknownNameError("task", str(name), tasks, str(path))))
        for key in _mapping(changes, path):
            if key not in Recipe.model_fields:
                raise SpecError(
                    str(UnknownNameError("key", key, Recipe.model_fields, f"{path} tasks.{name}"))
                )
    return parse(Recipe, default | own.get(task, {}), f"{path} for {task}")


def _mapping(value: Any, path: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SpecError(f"{path}: default and tasks are mappings; see the other suites for an example")
    return value
