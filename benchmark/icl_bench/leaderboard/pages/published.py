"""The paper's table of scores beside those that were reproduced, and what differs between the two."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from icl_bench.frozen.anchors import ZERO
from icl_bench.frozen.errors import load_errors
from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.page import Page
from icl_bench.leaderboard.published_scores import Published, load_published
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.models.accounting import account, made_of
from icl_bench.models.reference import PREFIX, reference_spec
from icl_bench.scoring.scores import regression_score
from icl_bench.specs.recipe import Curriculum
from icl_bench.suites import Suite, load_suite
from icl_bench.suites.recipes import suite_recipe

PATH = "published.html"
_OWN_WORDS = {"type"}  # of a function class: no size of it


def pages(site: Site) -> Iterator[Page]:
    """One page, whatever there is on the boards."""
    published = load_published()
    paper = load_suite(published.suite)
    shown = [board for board in site.boards if _references(board)]
    yield Page(
        PATH,
        "published.html",
        "Published against reproduced",
        f"The scores of {published.source.authors} beside those that icl-bench reproduces, task by task.",
        {
            "published": published,
            "paper": paper,
            "shown": shown,
            "without": [board for board in site.boards if board not in shown],
            "tables": [_table(published, paper, shown, task) for task in paper.tasks],
            "sizes": [_sizes(published, paper, shown, task) for task in paper.tasks],
            "runs": {board.suite.name: _runs(_references(board).values()) for board in shown},
        },
    )


def _table(published: Published, paper: Suite, boards: list[SuiteBoard], task: str) -> dict[str, Any]:
    """One task: a row an architecture, with what was printed and our scores on each suite."""
    rows = []
    for name, printed in published.scores.items():
        ours = [_references(board).get(PREFIX + name) for board in boards]
        rows.append(
            {
                "name": name,
                "made_of": made_of(reference_spec(name, paper.name, task)),
                "board": next((board for board, row in zip(boards, ours, strict=True) if row), None),
                "printed": printed.get(task),
                "starred": published.by_construction(name, task),
                "ours": [row.tasks.get(task) if row else None for row in ours],
            }
        )
    return {
        "task": task,
        "summary": paper.tasks[task].summary,
        "baseline": published.baselines.get(task),
        "bases": {
            board.suite.name: board.suite.tasks[task].baseline
            for board in boards
            if task in board.suite.tasks
        },
        "alphas": _alphas([paper, *(board.suite for board in boards)], task),
        "beyond": _beyond(published, paper, task),
        "rows": rows,
    }


def _beyond(published: Published, paper: Suite, task: str) -> dict[str, Any] | None:
    """Where each printed score is above what the exact, or best known, predictor has against our baseline at
    the paper's sizes: that predictor, its score, and the range of the printed ones. Their unit is another."""
    spec = paper.tasks[task]
    errors = [load_errors(paper, task, name) for name in (spec.exact, spec.baseline, ZERO)]
    frozen = [each.errors for each in errors if each is not None]
    printed = [row[task] for row in published.scores.values() if task in row]
    if len(frozen) < len(errors) or not printed or spec.exact == spec.baseline:
        return None
    prompts = min(map(len, frozen))
    exact, baseline, zero = (float(each[:prompts].sum()) for each in frozen)
    score = float(regression_score(exact, baseline, zero))
    if not score < min(printed):
        return None
    return {"predictor": spec.exact, "score": score, "printed": (min(printed), max(printed))}


def _references(board: SuiteBoard) -> dict[str, ModelData]:
    return {model.name: model for model in board.data.models if model.kind == "reference"}


def _alphas(suites: list[Suite], task: str) -> dict[str, float]:
    """The Lasso's penalty on each suite, where it is what has score 1."""
    alphas = {}
    for suite in suites:
        spec = suite.tasks.get(task)
        if spec is not None and spec.baseline == "lasso":
            alphas[suite.name] = spec.baseline_options["lasso"]["alpha"]
    return alphas


def _runs(models: Iterable[ModelData]) -> str:
    return _span([result.runs for model in models for result in model.tasks.values()])


def _sizes(published: Published, paper: Suite, boards: list[SuiteBoard], task: str) -> dict[str, Any]:
    """What a task is as published and on each suite: a line each, a cell a suite."""
    names = list(published.scores)
    lines: dict[str, Callable[[Suite], str]] = {
        "Prompt": lambda suite: _prompt(suite, task),
        "Models": lambda suite: _model(suite, task, names),
        "Recipe": lambda suite: _training(suite, task),
    }
    parts = {
        label: [
            describe(suite) if task in suite.tasks else None
            for suite in (paper, *(board.suite for board in boards))
        ]
        for label, describe in lines.items()
    }
    return {"task": task, "lines": parts | {"Trained": [None, *(_trained(board, task) for board in boards)]}}


def _trained(board: SuiteBoard, task: str) -> str | None:
    """What the records say of how the references were trained, which need not be the suite's recipe."""
    trainings = [
        result.checkpoint.training
        for entry in board.entries
        if entry.kind.shipped
        for record in entry.records
        if (result := record.tasks.get(task)) is not None
        and result.checkpoint is not None
        and result.checkpoint.training is not None
    ]
    recipes = [training["recipe"] for training in trainings if isinstance(training.get("recipe"), dict)]
    parts = []
    for key, unit in (("steps", "steps"), ("learning_rate", "rate"), ("batch", "prompts a step")):
        values = sorted({recipe[key] for recipe in recipes if isinstance(recipe.get(key), int | float)})
        if values:
            spread = " or ".join(f"{value:,}" if isinstance(value, int) else f"{value:g}" for value in values)
            parts.append(f"{unit} {spread}" if key == "learning_rate" else f"{spread} {unit}")
    seeds = sorted({training["seed"] for training in trainings if isinstance(training.get("seed"), int)})
    if seeds:
        parts.append(f"{'seed' if len(seeds) == 1 else 'seeds'} {', '.join(map(str, seeds))}")
    return ", ".join(parts) or None


def _prompt(suite: Suite, task: str) -> str:
    spec = suite.tasks[task]
    own = spec.function_class.model_dump(exclude=_OWN_WORDS)
    return ", ".join([f"{spec.points} points", *(f"{name} {value}" for name, value in own.items())])


def _model(suite: Suite, task: str, names: list[str]) -> str:
    specs = [reference_spec(name, suite.name, task) for name in names]
    layers = _span([sum(layer.repeat for layer in spec.layers) for spec in specs])
    parameters = _span([account(spec, suite.tasks[task]).parameters for spec in specs])
    width = _span([spec.width for spec in specs])
    return f"{layers} layers of width {width}, {parameters} parameters"


def _training(suite: Suite, task: str) -> str:
    recipe = suite_recipe(suite, task)
    decay = {"none": "constant rate", "linear": "rate"}[recipe.decay]
    parts = [f"{recipe.steps:,} steps of {recipe.batch} prompts", f"{decay} {recipe.learning_rate:g}"]
    if recipe.warmup:
        parts.append(f"warm-up of {recipe.warmup:,} steps")
    if recipe.decay == "linear":
        parts.append("linear decay over the second half")
    return ", ".join([*parts, _curriculum(recipe.curriculum)])


def _curriculum(curriculum: Curriculum | None) -> str:
    if curriculum is None:
        return "no curriculum"
    return f"curriculum from {curriculum.dims.start} dimensions and {curriculum.points.start} points"


def _span(values: list[int]) -> str:
    """`12`, or `131,329 to 263,169`."""
    if not values:
        return "none"
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
