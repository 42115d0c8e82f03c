"""What variants say of models: who is above the ideal, who reads longer prompts, what fails."""

from collections.abc import Iterator
from statistics import median

from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.findings.finding import Finding, Link, listed, seeds, short_name
from icl_bench.leaderboard.formats import score, spaced
from icl_bench.leaderboard.shifted import gain_on, ideal_row
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.specs.result import Estimate
from icl_bench.specs.suite import TaskSpec

POSITIONS = {
    "learned": "learned positions",
    "rope": "RoPE",
    "none": "no positions",
    "mamba_first": "Mamba first",
}
SAME = 0.001  # of a gain: an ideal so near to 1 is the exact predictor


def shift_findings(board: SuiteBoard) -> Iterator[Finding]:
    """Of a suite of variants; nothing of others, or without models."""
    variants = [task for task in board.suite.tasks.values() if task.base is not None]
    if not variants or not board.data.models:
        return
    for task in variants:
        yield from _against_ideal(board, task)
    for task in variants:
        if task.base is not None and task.points > task.base.points:
            yield from _longer(board, task)
    yield from _unlearned(board, variants)
    yield _every_variant(board, variants)


def _against_ideal(board: SuiteBoard, task: TaskSpec) -> Iterator[Finding]:
    """How many models are above the exact predictor of their training, where it is not exact here."""
    ideal = ideal_row(board)
    bar = gain_on(ideal, task.name)
    gains = _gains(board, task.name)
    if bar is None or bar.value is None or bar.value > 1 - SAME or not gains:
        return
    low, high = (bar.value if end is None else end for end in (bar.low, bar.high))
    above = [model for model, gain in gains if gain.low is not None and gain.low > high]
    below = [model for model, gain in gains if gain.high is not None and gain.high < low]
    sentence = (
        f"{task.summary} {len(above)} of {len(gains)} models are above the in-distribution ideal, the "
        f"exact predictor of {spaced(_base(task))}, and {len(below)} below it, by their intervals. Models "
        f"have gains of {_range(gains)}, the ideal {score(bar.value)}"
        + (
            ": it fails on these prompts, so that models above it do something else."
            if bar.value <= 0
            else "."
        )
    )
    title = f"{len(above)} of {len(gains)} models are above the in-distribution ideal on {spaced(task.name)}"
    yield _finding(board, task, f"ideal-{task.name}", title, sentence, gains)


def _longer(board: SuiteBoard, task: TaskSpec) -> Iterator[Finding]:
    """Gains by what tells a model the order, on more points than in training."""
    gains = _gains(board, task.name)
    groups: dict[str, list[tuple[ModelData, Estimate]]] = {}
    for model, gain in gains:
        if model.architecture is not None:
            positions = POSITIONS.get(model.architecture.positions, model.architecture.positions)
            group = f"{model.architecture.family}, {positions}"
            groups.setdefault(group, []).append((model, gain))
    if len(groups) < 2:
        return
    known = {model.name for model, _ in gains}
    missing = {
        name
        for name, entry in board.by_name.items()
        for record in entry.records
        if task.name in record.missing
    }
    cannot = [short_name(model.name) for model in board.data.models if model.name in missing - known]
    words = [f"{group} ({len(members)}): {_range(members)}" for group, members in groups.items()]
    base = task.base.points if task.base else task.points
    sentence = (
        f"{task.points} points in place of {base}. Gains by mixer and positions: {'; '.join(words)}."
        + (f" {listed(cannot)} cannot read so many." if cannot else "")
    )
    title = f"{spaced(task.name).capitalize()}: more examples than in training"
    yield _finding(board, task, f"longer-{task.name}", title, sentence, gains)


def _unlearned(board: SuiteBoard, variants: list[TaskSpec]) -> Iterator[Finding]:
    """The variant whose best model is worst."""
    best = {task.name: _gains(board, task.name)[:1] for task in variants}
    known = {task: found[0] for task, found in best.items() if found}
    if not known:
        return
    task = min(known, key=lambda name: known[name][1].value or 0.0)
    model, gain = known[task]
    spec = board.suite.task(task)
    sentence = (
        f"{spec.summary} The best of {len(_gains(board, task))} models, {short_name(model.name)}, has a gain "
        f"of {score(gain.value)}: "
        + (
            "no model is better than the best answer without the examples."
            if (gain.value or 0) <= 0
            else "what is left to the exact predictor is more than on any other variant."
        )
    )
    title = f"What models adapt to least: {spaced(task)}"
    yield _finding(board, spec, "least", title, sentence, _gains(board, task))


def _every_variant(board: SuiteBoard, variants: list[TaskSpec]) -> Finding:
    """The gains of models on each variant, the hardest first, beside that of the ideal."""
    ideal = ideal_row(board)
    gains = {task.name: _gains(board, task.name) for task in variants}
    known = {task: found for task, found in gains.items() if found}
    rows = sorted(known.items(), key=lambda row: median(gain.value or 0.0 for _, gain in row[1]))
    middle = {task: median(gain.value or 0.0 for _, gain in found) for task, found in rows}
    above = sum(value > 0.9 for value in middle.values())
    bars = {task: gain_on(ideal, task) for task in known}
    return Finding(
        f"{board.suite.name}-every-variant",
        "What breaks: gains on every variant",
        f"The median model keeps a gain above 90 on {above} of {len(rows)} variants, and has the least on "
        f"{listed([spaced(task) for task, _ in rows[:3]])}.",
        seeds(min(model.tasks[task].runs for task, found in rows for model, _ in found)),
        [Link("The board", board.path)],
        [
            ("Variant", "Models", "Lowest", "Median", "Highest", "Ideal"),
            *(
                (
                    spaced(task),
                    str(len(found)),
                    score(found[-1][1].value),
                    score(middle[task]),
                    score(found[0][1].value),
                    "–" if (bar := bars[task]) is None else score(bar.value),
                )
                for task, found in rows
            ),
        ],
    )


def _finding(
    board: SuiteBoard,
    task: TaskSpec,
    name: str,
    title: str,
    sentence: str,
    gains: list[tuple[ModelData, Estimate]],
) -> Finding:
    fewest = min(model.tasks[task.name].runs for model, _ in gains)
    return Finding(
        f"{board.suite.name}-{name.replace('_', '-')}",
        title,
        sentence,
        seeds(fewest),
        [Link("Every model", board.page("tasks", task.name) + "#models")],
        curves="excess",
        task=task.name,
    )


def _base(task: TaskSpec) -> str:
    return task.name if task.base is None else task.base.name


def _gains(board: SuiteBoard, task: str) -> list[tuple[ModelData, Estimate]]:
    """Models with a gain on a task, the highest first."""
    gains = [(model, gain) for model in board.data.models if (gain := gain_on(model, task)) is not None]
    known = [(model, gain) for model, gain in gains if gain.value is not None]
    return sorted(known, key=lambda pair: -(pair[1].value or 0.0))


def _range(gains: list[tuple[ModelData, Estimate]]) -> str:
    values = [gain.value for _, gain in gains]
    low, high = (score(end(value for value in values if value is not None)) for end in (min, max))
    return low if low == high else f"{low} to {high}"
