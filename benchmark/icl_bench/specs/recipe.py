"""The file `recipe.yaml` of a suite: how a model is trained on each of its tasks."""

import hashlib
import json
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from icl_bench.errors import SpecError, UnknownNameError
from icl_bench.specs.plain_yaml import PlainYAMLError, load_plain
from icl_bench.specs.schema import Strict, newer_fault, parse, read_yaml

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


class Stop(Strict):
    """When a run ends before its budget: its curve is flat, by `icl_bench.training.convergence`.

    Never before step `after`, nor below the optimality `above`: a flat curve there may be the plateau before
    a task that is learned at once.
    """

    gain: float = Field(gt=0, lt=1)  # optimality that twice the steps would add, at most
    after: int = Field(ge=1)
    above: float = Field(ge=0, lt=1)


class Recipe(Strict):
    """An optimiser on the squared error, averaged over the prompt, on fresh prompts every step.

    `muon` orthogonalises the updates of the blocks' matrices (`icl_bench.training.muon`) at `matrix_rate` and
    leaves every other parameter to Adam at `learning_rate`; the others give every parameter to Adam.
    """

    optimiser: Literal["adam", "adamw", "muon"]
    learning_rate: float = Field(gt=0, le=1)  # of Adam
    warmup: int = Field(ge=0)  # steps of linear increase of the rates
    decay: Literal["none", "linear", "cosine"]  # of the rates, towards 0 at the last step
    batch: int = Field(ge=1, le=65_536)  # prompts a step
    steps: int = Field(ge=1, le=100_000_000)
    curriculum: Curriculum | None
    target_scale: float = Field(
        gt=0, allow_inf_nan=False
    )  # targets are multiplied by it on their way into the model
    precision: Literal["float32", "tf32", "bf16"]  # of matrix products while training; weights are float32
    # Keys that came later: `to_dict` leaves each out at its default, so that older provenance compares equal.
    matrix_rate: float | None = Field(default=None, gt=0, le=1)  # of Muon
    decay_share: float = Field(default=0.5, gt=0, le=1)  # of the steps, the last: those in which rates decay
    betas: list[float] = Field(default=[0.9, 0.999], min_length=2, max_length=2)  # of Adam
    weight_decay: float = Field(default=0.0, ge=0, le=1)  # decoupled; times the rate, a step
    clip: float | None = Field(default=None, gt=0, allow_inf_nan=False)  # largest norm of the whole gradient
    stop: Stop | None = None  # an end before `steps`

    @model_validator(mode="after")
    def _keys_fit_the_optimiser(self) -> "Recipe":
        if (self.optimiser == "muon") != (self.matrix_rate is not None):
            raise ValueError(
                "matrix_rate is Muon's: give it with `optimiser: muon`, with another make it null"
            )
        if self.optimiser == "adam" and self.weight_decay:
            raise ValueError("weight_decay is for adamw and muon; write `optimiser: adamw`")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError("betas: give two numbers of at least 0 and below 1")
        if self.stop is not None and (self.decay != "linear" or self.decay_share == 1):
            raise ValueError("stop needs `decay: linear` and a decay_share below 1; with others make it null")
        return self

    def to_dict(self) -> dict[str, Any]:
        """As plain data. A key that older versions do not know is left out at its default."""
        later = {name for name, field in Recipe.model_fields.items() if getattr(self, name) == field.default}
        return self.model_dump(mode="json", exclude=later)

    @property
    def hash(self) -> str:
        """SHA-256 of all that it says: of `to_dict`, as JSON with sorted keys."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()

    def schedule(self, step: int, end: int | None = None) -> float:
        """The share of its rate that every parameter is trained with at a step (from 0).

        end: the number of steps of the run where it is not the recipe's.
        """
        end = self.steps if end is None else end
        share = (step + 1) / self.warmup if step < self.warmup else 1.0
        if self.decay == "linear":
            share *= min(1.0, (end - step) / (self.decay_share * end))
        elif self.decay == "cosine":
            share *= 0.5 + 0.5 * math.cos(math.pi * step / end)
        return share

    def decay_start(self, end: int) -> int:
        """The last step at the full rates of a run of `end` steps; of a cosine, its half."""
        if self.decay == "none":
            return end
        return end // 2 if self.decay == "cosine" else end - math.ceil(self.decay_share * end)


def load_recipe(path: Path, task: str, tasks: Collection[str]) -> Recipe:
    """The recipe of one task: the file's `default`, with the task's own keys in place of the default's.

    tasks: all of the suite's; SpecError where the file names another, or holds an unknown key.
    """
    value = read_yaml(path)
    newer = newer_fault(value.get("schema"), 1) if isinstance(value, dict) else None
    if newer:
        raise SpecError(f"{path}: schema: {newer}", code="newer-schema")
    if not isinstance(value, dict) or set(value) != {"schema", "default", "tasks"} or value["schema"] != 1:
        raise SpecError(
            f"{path}: no recipe; give the keys schema: 1, default and tasks", code="not-a-mapping"
        )
    default, own = _mapping(value["default"], path), _mapping(value["tasks"], path)
    for name, changes in own.items():
        if name not in tasks:
            raise SpecError(str(UnknownNameError("task", str(name), tasks, str(path))), code="no-such-task")
        for key in _mapping(changes, path):
            if key not in Recipe.model_fields:
                raise SpecError(
                    str(UnknownNameError("key", key, Recipe.model_fields, f"{path} tasks.{name}")),
                    code="unknown-key",
                )
    return parse(Recipe, default | own.get(task, {}), f"{path} for {task}")


def changed_recipe(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """The recipe with other values for some of its keys.

    SpecError where a key is unknown, or where the recipe does not hold with the new value.
    """
    for key in changes:
        if key not in Recipe.model_fields:
            raise SpecError(
                str(UnknownNameError("key", key, Recipe.model_fields, "the recipe")), code="unknown-key"
            )
    return parse(Recipe, recipe.model_dump() | dict(changes), "the recipe as changed") if changes else recipe


def parse_changes(texts: Sequence[str]) -> dict[str, Any]:
    """The changes of a recipe that `KEY=VALUE`s ask for, values as in YAML; SpecError where one is none."""
    changes: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise SpecError(f"--set {text} names no key; write KEY=VALUE, as --set learning_rate=3e-4")
        changes[key] = _value(value, text)
    return changes


def changes_between(own: Recipe, wanted: Recipe) -> list[str]:
    """The `KEY=VALUE`s of the changes by which `changed_recipe` makes `wanted` of `own`."""
    before = own.model_dump(mode="json")
    changed = {key: value for key, value in wanted.model_dump(mode="json").items() if value != before[key]}
    return [
        f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in changed.items()
    ]


def _value(text: str, change: str) -> Any:
    try:
        return load_plain(text.encode())
    except PlainYAMLError as error:
        raise SpecError(f"--set {change}: {error}; write the value as in a recipe file") from None


def _mapping(value: Any, path: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SpecError(
            f"{path}: default and tasks are mappings; see `icl-bench tasks recipe mini` for an example",
            code="not-a-mapping",
        )
    return value
