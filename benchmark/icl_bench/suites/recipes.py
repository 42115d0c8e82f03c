"""The recipe that a task is trained with: its suite's, another suite's, or that of a file."""

import os
from pathlib import Path

from icl_bench.errors import InputError, UnknownNameError
from icl_bench.files import user_path
from icl_bench.specs.recipe import RECIPE_FILE, Recipe, load_recipe
from icl_bench.suites.catalogue import Suite, load_suite, suite_names


def suite_recipe(suite: Suite, task: str) -> Recipe:
    """The recipe that comes with a suite, for one of its tasks."""
    return load_recipe(suite.folder / RECIPE_FILE, task, suite.tasks)


def recipe_text(suite: Suite) -> str:
    """The recipe file of a suite as it is written, to begin one's own with; InputError where it has none."""
    try:
        return (suite.folder / RECIPE_FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(
            f"{suite.name} has no {RECIPE_FILE} in {suite.folder}; name mini or paper", code="no-recipe-file"
        ) from None


def find_recipe(name: str | Path | None, suite: Suite, task: str) -> Recipe:
    """The recipe of a task of `suite` that a name refers to: a file, or the suite that it comes with.

    None stands for the task's own suite. InputError where there is neither a file nor a suite of that name.
    """
    return load_recipe(_recipe_file(name, suite), task, suite.tasks)


def _recipe_file(name: str | Path | None, suite: Suite) -> Path:
    if name is None:
        return suite.folder / RECIPE_FILE
    path = user_path(str(name))
    if os.path.isfile(path):  # unlike the method, it says no to any name
        return path
    if path.suffix in (".yaml", ".yml"):
        raise InputError(
            f"no recipe file {name}; name mini, paper or a file like the one that `icl-bench tasks recipe "
            f"{suite.name}` prints",
            code="no-recipe-file",
        )
    try:
        return load_suite(str(name)).folder / RECIPE_FILE
    except UnknownNameError:
        versions = suite_names()
        families = {version.rpartition("-v")[0] for version in versions}
        raise UnknownNameError("recipe", name, sorted({*versions, *families})) from None
