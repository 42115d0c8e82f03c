"""The rule of the closed division, in which architectures compare, and what of it can be checked.

A model is in it whose every run of every task was trained by the recipe of the task's suite, to the end of
its steps or to its stopping rule, with a seed of its own, at least three runs a task, and that has at most a
fifth more parameters than the largest reference on the task. A fifth is what the zoo keeps too: mixers of
one width differ by as much. Everything else is in the open division, in which anything goes.

What is checked is the spec, and what a checkpoint says of its training. That it was trained so, nobody can
see from its weights.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from icl_bench.errors import SpecError
from icl_bench.models.accounting import account
from icl_bench.models.shipped import REFERENCE, ZOO, shipped_names, shipped_spec_file
from icl_bench.ranking.places import NEEDED_RUNS
from icl_bench.specs.architecture import ArchitectureSpec, load_architecture, parse_architecture
from icl_bench.specs.division import CLOSED, OPEN, Division
from icl_bench.specs.outcome import read_outcome
from icl_bench.specs.recipe import RECIPE_FILE, Recipe, changes_between
from icl_bench.specs.result import ResultRecord
from icl_bench.specs.schema import parse
from icl_bench.suites import Suite, load_suite
from icl_bench.suites.recipes import suite_recipe

MORE_PARAMETERS = 0.2  # than the largest reference has, at most
REMEDY = "train it by `icl-bench sweep`, or declare `division: open`"


class ClosedDivision:
    """What the closed division asks of the models of a suite; recipes and sizes are read once."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._trained = cache(load_suite)
        self._spec = cache(load_architecture)
        self.recipe = cache(self._recipe)
        self.most_parameters = cache(self._most_parameters)

    def _recipe(self, task: str) -> Recipe | None:
        """The recipe that a task's checkpoints are trained by; None where its suite has none."""
        suite, name = self._home(task)
        return suite_recipe(suite, name) if (suite.folder / RECIPE_FILE).is_file() else None

    def _most_parameters(self, task: str) -> int | None:
        """How many parameters a model of a task may have, a fifth more than the largest reference on
        it, or where its suite has none, than the largest of its zoo; None where it has neither."""
        suite, name = self._home(task)
        models = shipped_names(REFERENCE, suite.name) or shipped_names(ZOO, suite.name)
        sizes = [
            account(self._spec(shipped_spec_file(model, suite.name, name)), suite.tasks[name]).parameters
            for model in models
        ]
        return int((1 + MORE_PARAMETERS) * max(sizes)) if sizes else None

    def size_fault(self, task: str, spec: ArchitectureSpec) -> str | None:
        """What makes an architecture too large for a task of the suite; None where it is not."""
        suite, name = self._home(task)
        most, own = self.most_parameters(task), account(spec, suite.tasks[name]).parameters
        if most is None or own <= most:
            return None
        return f"spec has {own:,} parameters on {name} and closed models have at most {most:,}"

    def training_fault(self, task: str, training: dict[str, Any] | None) -> str | None:
        """What a checkpoint says of its training that the closed division of a task does not have."""
        recipe, trained_as = self.recipe(task), self._suite.trained_as(task)
        if recipe is None:
            return f"division: {trained_as.partition('/')[0]} has no {RECIPE_FILE} to be trained by"
        said = training or {}
        try:
            own = parse(Recipe, said["recipe"], "training.recipe")
        except (LookupError, SpecError):
            return f"training.recipe does not say what it was trained by, as {trained_as} is"
        if own.hash != recipe.hash:
            changed = ", ".join(changes_between(recipe, own))
            return f"training.recipe is not that of {trained_as} (it has {changed})"
        outcome = read_outcome(training)
        if outcome is None:
            return "training.outcome does not say how many steps it was trained for"
        early = recipe.stop is not None and recipe.stop.after <= outcome.steps < recipe.steps
        if outcome.steps != recipe.steps and not (early and outcome.ended == "rule"):
            return f"training.outcome has {outcome.steps:,} steps and the recipe {recipe.steps:,}"
        if type(said.get("seed")) is not int:
            return "training.seed does not say which seed it was trained with"
        return None

    def seeds_fault(self, runs: Mapping[str, int]) -> str | None:
        """The task of which a model has too few training runs, given how many it has by task."""
        for task, count in runs.items():
            if count < NEEDED_RUNS:
                return f"runs: {task} is trained {count} times and closed models {NEEDED_RUNS} times"
        return None

    def record_fault(self, record: ResultRecord) -> str | None:
        """The same of all that a record was made with, with the task that shows it."""
        for task, result in record.tasks.items():
            if result.checkpoint is None:
                return f"tasks.{task} was answered by no checkpoint of a spec"
            spec = parse_architecture(result.checkpoint.spec, f"tasks.{task}.checkpoint.spec")
            fault = self.training_fault(task, result.checkpoint.training) or self.size_fault(task, spec)
            if fault:
                return f"tasks.{task}.checkpoint: {fault}"
        return None

    def division_of(self, records: Sequence[ResultRecord]) -> Division:
        """Where a model stands that nobody declared, as a reference or one of one's own: in the closed
        division if all that can be checked holds. How many seeds it has shows in whether it has a place."""
        return OPEN if any(map(self.record_fault, records)) else CLOSED

    def _home(self, task: str) -> tuple[Suite, str]:
        """The suite and the task that the checkpoints of a task are trained on."""
        suite, _, name = self._suite.trained_as(task).partition("/")
        return self._trained(suite), name
