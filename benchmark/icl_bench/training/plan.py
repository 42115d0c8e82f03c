"""What decides a training run: a spec, a task, a recipe and a seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from icl_bench.environment import describe_training
from icl_bench.errors import InputError
from icl_bench.models.checkpoint import save_checkpoint
from icl_bench.models.initialise import initialise
from icl_bench.models.model import ICLModel
from icl_bench.models.shipped import SpecSource, find_architecture
from icl_bench.specs.architecture import ArchitectureSpec, parse_architecture
from icl_bench.specs.outcome import Outcome
from icl_bench.specs.recipe import Recipe, changed_recipe
from icl_bench.specs.schema import parse
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites import Suite, find_task
from icl_bench.suites.recipes import find_recipe


def make_plan(
    spec: SpecSource,
    task: str,
    seed: int = 0,
    *,
    steps: int | None = None,
    recipe: str | Path | None = None,
    changes: Mapping[str, Any] | None = None,
    precision: str | None = None,
    compiled: bool = False,
) -> "RunPlan":
    """The run of one architecture on SUITE/TASK, as `icl_bench.training.train` has its arguments.

    `changes` win over `steps` and `precision`, which are short for two of them. InputError (of which
    SpecError and UnknownNameError are) where there is no such spec, task or recipe, or where they do not fit
    together.
    """
    suite, task_spec, chosen = find_training(task, recipe, steps, precision, changes, seed)
    architecture = find_architecture(spec, suite.name, task_spec.name)
    return RunPlan(architecture, suite.name, task_spec, chosen, seed, compiled)


def find_training(
    task: str,
    recipe: str | Path | None,
    steps: int | None,
    precision: str | None,
    changes: Mapping[str, Any] | None,
    seed: int,
) -> tuple[Suite, TaskSpec, Recipe]:
    """The suite and task of SUITE/TASK, and the recipe with what is changed of it; errors as `make_plan`."""
    suite, task_spec = find_task(task)
    if seed < 0:
        raise InputError(f"seed is {seed}; give a whole number, at least 0", code="no-such-seed")
    if task_spec.trained_as is not None:
        raise InputError(
            f"{task_spec.name} is a variant of {task_spec.trained_as}; train on that", code="variant"
        )
    options = {"steps": steps, "precision": precision}
    changed = {key: value for key, value in options.items() if value is not None} | dict(changes or {})
    chosen = changed_recipe(find_recipe(recipe, suite, task_spec.name), changed)
    _check_curriculum(chosen, suite, task_spec)
    return suite, task_spec, chosen


def _check_curriculum(recipe: Recipe, suite: Suite, task: TaskSpec) -> None:
    """InputError where the first prompts end before any point that is scored: they would have no loss."""
    if recipe.curriculum is None:
        return
    points = recipe.curriculum.points.at(0, task.points)
    if not task.scored_points.of_first(points).count:
        least = task.scored_points.positions[0] + 1
        raise InputError(
            f"the recipe's curriculum begins with {points} points, and none of them is scored in "
            f"{suite.name}/{task.name}; give curriculum.points.start at least {least}",
            code="too-short-curriculum",
        )


class Plan:
    """What a run of a spec and one of a module have in common."""

    suite: str
    task: TaskSpec
    recipe: Recipe
    seed: int
    compiled: bool

    @property
    def full_task(self) -> str:
        """The task as SUITE/TASK."""
        return f"{self.suite}/{self.task.name}"

    def provenance(self) -> dict[str, Any]:
        """As plain data: what the run's `config.json` says of its training."""
        return {"seed": self.seed, "recipe": self.recipe.to_dict(), "compiled": self.compiled}


@dataclass(frozen=True)
class RunPlan(Plan):
    """Everything that decides the weights a run ends with, machine aside."""

    architecture: ArchitectureSpec
    suite: str
    task: TaskSpec
    recipe: Recipe
    seed: int
    compiled: bool = False  # trained with `torch.compile`: other last bits

    def __post_init__(self) -> None:
        tokens, longest = self.task.tokens, self.architecture.max_tokens()
        if longest is not None and tokens > longest:
            raise InputError(
                f"{self.architecture.name} has {longest} positions and a prompt of {self.full_task} has "
                f"{tokens} tokens; raise positions.max_tokens to {tokens}",
                code="too-few-positions",
            )
        if tokens < (least := self.architecture.least_tokens()):
            raise InputError(
                f"{self.architecture.name} has a chunk or window of {least} tokens and a prompt of "
                f"{self.full_task} has {tokens}; give it {tokens} tokens or fewer",
                code="too-long-chunk",
            )

    def new_model(self, device: str) -> ICLModel:
        """The model at step 0; its weights are drawn from the run's seed.

        Its config says what it is trained with: recipe and seed, and the code, versions and device at hand.
        """
        model = ICLModel(
            spec=self.architecture.to_dict(),
            d=self.task.function_class.d,
            k=self.task.function_class.k,
            task=self.full_task,
            target_scale=self.recipe.target_scale,
            training={**self.provenance(), **describe_training(device)},
        )
        initialise(model, torch.Generator().manual_seed(self.seed))
        return model

    @property
    def name(self) -> str:
        """What the model is called."""
        return self.architecture.name

    def has_the_steps_of(self, other: "RunPlan") -> bool:
        """Whether one batched model can make the steps of both: of one shape, by one recipe.

        They may differ in seed, in a task whose prompts are of one shape, and in when they end.
        """
        return not self.compiled and self._of_steps() == other._of_steps()

    def _of_steps(self) -> tuple[object, ...]:
        task, ends = self.task, {"steps": 1, "stop": None}
        shape = task.points, task.scored_points, task.function_class.d, task.function_class.k
        return self.architecture, self.suite, shape, self.recipe.model_copy(update=ends), self.compiled

    def save(
        self, model: nn.Module, folder: Path, dtype: torch.dtype, texts: Mapping[str, str], outcome: Outcome
    ) -> None:
        """Write the checkpoint of a trained model, and `texts` by file name, in place of a folder."""
        assert isinstance(model, ICLModel)
        model.add_provenance(outcome=outcome.model_dump(mode="json"))
        save_checkpoint(model, folder, dtype, extra=texts)

    @classmethod
    def of_identity(cls, identity: dict[str, Any]) -> "RunPlan":
        """The plan that has this `identity`."""
        suite, task = find_task(identity["task"])
        return cls(
            parse_architecture(identity["spec"], "the spec of a plan"),
            suite.name,
            task,
            parse(Recipe, identity["recipe"], "the recipe of a plan"),
            identity["seed"],
            identity["compiled"],
        )

    def identity(self) -> dict[str, Any]:
        """What a saved state must agree with to be resumed."""
        return {
            "spec": self.architecture.to_dict(),
            "task": self.full_task,
            **self.provenance(),
        }
