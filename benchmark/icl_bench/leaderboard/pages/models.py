"""A page a model: its architecture, its errors on every task, and how to get the same numbers."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from icl_bench.charts import Chart, Series, draw
from icl_bench.entries.text import packaged_model
from icl_bench.leaderboard.data import MetricData, ModelData
from icl_bench.leaderboard.entries import Entry, learning_curves, recomputable_runs
from icl_bench.leaderboard.formats import spaced
from icl_bench.leaderboard.page import Page, picture
from icl_bench.leaderboard.pages import alike, share_images
from icl_bench.leaderboard.pages.label_charts import accuracy_chart
from icl_bench.leaderboard.pictures import Panel, draw_architecture, draw_legend, draw_panel
from icl_bench.leaderboard.shifted import shifted_rows
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.models.shipped import COLLECTIONS
from icl_bench.probes.base import Probe, probes
from icl_bench.specs.architecture import ArchitectureSpec
from icl_bench.specs.language_model import PACKAGED
from icl_bench.specs.probe_record import Finding
from icl_bench.specs.result import Environment, Estimate, Evaluator
from icl_bench.specs.submission import folder_name
from icl_bench.specs.suite import TaskSpec
from icl_bench.views.series import model_curve

CURVE_WIDTH = 358
_IN_TEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_TEX = str.maketrans(_IN_TEX | {mark: f"\\{mark}" for mark in "_&%#${}"})


def pages(site: Site) -> Iterator[Page]:
    """One page a model and suite."""
    for board in site.boards:
        for model in board.data.models:
            yield Page(
                board.page("models", model.name),
                "model.html",
                f"{model.name} on {board.suite.name}",
                f"What {model.name} learns in context: scores, error curves, architecture and provenance.",
                partial(_context, site, board, model),
                image=share_images.path(board, model.name),
            )


def _context(site: Site, board: SuiteBoard, model: ModelData) -> dict[str, Any]:
    entry = board.by_name[model.name]
    answered = [task for task in board.suite.tasks.values() if task.name in model.tasks]
    return {
        "board": board,
        "model": model,
        "missing": {task: why for record in entry.records for task, why in record.missing.items()},
        "groups": _groups(board, model),
        "diagrams": _diagrams(entry.specs),
        "legend": picture(draw_legend()),
        "panels": [(task, picture(draw_panel(_panel(board, model, task)))) for task in answered],
        "accuracies": [
            (task.name, picture(draw(replace(chart, title=spaced(task.name)), CURVE_WIDTH)))
            for task in answered
            if (chart := accuracy_chart(board, task, [model])) is not None
        ],
        "curves": [
            (task, picture(_learning_curve(task, curves)))
            for task, curves in learning_curves(entry, board.suite).items()
        ],
        "probes": [
            (probe, _panels(probe, entry.findings[name]), _measured(probe, entry.findings[name]))
            for name, probe in probes().items()
            if name in entry.findings
        ],
        "shifts": shifted_rows(site, model.name),
        "accounts": entry.accounts(board.suite),
        "made_with": _made_with([(record.evaluator, record.environment) for record in entry.records]),
        "training": [(task, run) for task, scores in model.tasks.items() for run in scores.training],
        "recomputable": _recomputable(entry),
        "records": _records(site, board, model),
        "package": packaged_model(model.name) if entry.kind.type == "text" and not model.local else None,
        "compared": board.page("compare", model.name),
        "quoted": shlex.quote(model.name),
        "in_tex": model.name.translate(_TEX),
    }


def _groups(board: SuiteBoard, model: ModelData) -> dict[str, list[list[MetricData]]]:
    """By task, the metrics of which the model has the same numbers, together."""
    results = {task: [model.tasks[task]] if task in model.tasks else [] for task in board.suite.tasks}
    return {task: alike.groups(result, board.data.metrics) for task, result in results.items()}


def _panels(probe: Probe, findings: Mapping[str, Sequence[Finding]]) -> list[tuple[str, Any]]:
    """By task, the chart of the first seed's finding; tasks whose finding has none are left out."""
    charts = [(task, probe.panel(spaced(task), by_seed[0])) for task, by_seed in findings.items()]
    return [(task, picture(draw(chart, CURVE_WIDTH))) for task, chart in charts if chart is not None]


def _measured(
    probe: Probe, findings: Mapping[str, Sequence[Finding]]
) -> list[tuple[str, Finding, dict[str, Estimate]]]:
    """By task and seed, a finding and the numbers beside it that are shown."""
    return [(task, each, probe.further(each)) for task, by_seed in findings.items() for each in by_seed]


def _recomputable(entry: Entry) -> tuple[int, int]:
    """How many of its recorded runs anybody can recompute, and how many there are."""
    held = [run for runs in recomputable_runs(entry).values() for run in runs]
    return sum(held), sum(len(record.tasks) for record in entry.records)


def _records(site: Site, board: SuiteBoard, model: ModelData) -> list[tuple[str, str | None]]:
    """The files of its records in a checkout, and where each can be read, as far as that is known."""
    shipped = model.kind in COLLECTIONS or model.name.startswith(f"{PACKAGED}/")
    if model.local or not (shipped or model.submission):
        return []
    folder = f"submissions/{folder_name(model.name)}" if model.submission else f"submissions/{model.name}"
    seeds = sorted({int(seed) for scores in model.tasks.values() for seed in scores.seeds}) or [0]
    paths = [f"{folder}/results/{board.suite.name}-seed-{seed}.json" for seed in seeds]
    return [(path, f"{site.repository}/blob/HEAD/{path}" if site.on_github else None) for path in paths]


def _diagrams(specs: dict[str, ArchitectureSpec]) -> list[tuple[list[str], Any]]:
    """One a spec, with the tasks that it is for: most models have the same for all."""
    groups: dict[str, list[str]] = {}
    for task, spec in specs.items():
        groups.setdefault(spec.model_dump_json(by_alias=True), []).append(task)
    return [(tasks, picture(_architecture(spec))) for spec, tasks in groups.items()]


@lru_cache(maxsize=256)  # models share architectures, references all of theirs with what is trained anew
def _architecture(spec: str) -> str:
    """The drawing of a spec, given as JSON."""
    return draw_architecture(ArchitectureSpec.model_validate_json(spec))


def _panel(board: SuiteBoard, model: ModelData, task: TaskSpec) -> Panel:
    curve = model_curve(model.name, board.runs(model.name, task.name))
    result = board.runs(model.name, task.name)[0]
    return Panel(
        title=spaced(task.name),
        zero=result.error_curves.zero,
        baseline=board.frozen_curve(task.name, task.baseline),
        exact=board.frozen_curve(task.name, task.exact),
        model=curve.y,
        low=curve.low,
        high=curve.high,
        scored=() if task.scored_points.every else task.scored_points.positions,
        scored_words=task.scored_points.in_words("", "only the last is scored", "scored: {}"),
    )


def _learning_curve(task: str, curves: dict[str, tuple[list[float], list[float]]]) -> str:
    """The loss of every seed against steps, on a logarithmic axis."""
    series = [Series(seed, steps, losses, "model") for seed, (steps, losses) in curves.items()]
    return draw(Chart(spaced(task), "step", "loss", series, y_scale="log"), CURVE_WIDTH)


def _made_with(runs: list[tuple[Evaluator, Environment]]) -> list[tuple[Evaluator, Environment]]:
    """What computed the records, each combination once."""
    return [run for k, run in enumerate(runs) if run not in runs[:k]]
