"""All-or-nothing tasks: how many training runs of which models learn them, and after how many steps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from icl_bench.leaderboard.data import Architecture, ModelData
from icl_bench.leaderboard.findings.finding import CONTRADICTED, Finding, Link, seeds, short_name
from icl_bench.leaderboard.findings.further_runs import FurtherRun, further_runs
from icl_bench.leaderboard.findings.study import PARITY, parity_in_the_study
from icl_bench.leaderboard.formats import spaced
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.ranking.responses import STEPS

_POSITIONS = {
    "learned": "attention, learned positions",
    "rope": "attention, RoPE",
    "none": "attention, no positions",
}
_GROUPS = {"hybrid": "attention and Mamba", "recurrent": "Mamba alone"}


@dataclass
class Group:
    """The recorded runs of models of a kind, and those whose weights were not kept."""

    learned: int = 0
    runs: int = 0
    models: int = 0
    steps: list[int] = field(default_factory=list)  # to learn, of the recorded runs that did
    further: list[FurtherRun] = field(default_factory=list)

    @property
    def further_steps(self) -> list[int]:
        """To a development optimality of 0.9, of those that passed it."""
        return [run.steps_to_learn for run in self.further if run.steps_to_learn is not None]


def learned_runs(board: SuiteBoard, task: str) -> Iterator[Finding]:
    """How many recorded runs of references learn a task, by what carries the positions."""
    groups = _groups(board, task)
    if not groups:
        return
    learned, runs = (sum(getattr(group, name) for group in groups.values()) for name in ("learned", "runs"))
    yield Finding(
        f"{board.suite.name}-{task.replace('_', '-')}",
        f"{spaced(task)[:1].upper()}{spaced(task)[1:]}: {learned} of {runs} runs learn it",
        _by_group(groups) + _speeds(board, task) + _further_words(groups),
        seeds(min(model.tasks[task].runs for model in _models(board, task))),
        _evidence(board, task),
        [
            ("Models", "Learned", "After steps", *["Further runs"] * _has_further(groups)),
            *(
                (
                    label,
                    f"{group.learned} of {group.runs}",
                    _range(group.steps),
                    *[_further_cell(group)] * _has_further(groups),
                )
                for label, group in groups.items()
            ),
        ],
        curves="learning",
        task=task,
    )


def contradicted(board: SuiteBoard, task: str) -> Iterator[Finding]:
    """That a kind of model cannot learn a task: recorded runs or the study suggest it, and others deny it."""
    for label, group in _groups(board, task).items():
        in_doubt = group.learned == 0 or (task == PARITY and group.learned < group.runs)
        if in_doubt and (group.learned or group.further_steps):
            kind = "-".join(label.replace(",", "").lower().split())
            yield Finding(
                f"{board.suite.name}-{task.replace('_', '-')}-impossible-{kind}",
                f"{label[:1].upper()}{label[1:]}: unable to learn {spaced(task)}",
                _in_some_runs(group) + (parity_in_the_study() if task == PARITY else ""),
                CONTRADICTED,
                _evidence(board, task),
                curves="learning",
                task=task,
            )


def _in_some_runs(group: Group) -> str:
    """How many recorded and how many further runs learn what others do not."""
    further = f"{len(group.further_steps)} of {len(group.further)} further runs, whose weights are not kept,"
    further += " pass an optimality of 90 on development prompts"
    steps = group.further_steps
    if group.learned == 0:
        counted = f"No recorded run learns it (0 of {group.runs}), but {further}"
    else:
        counted = f"{group.learned} of {group.runs} recorded runs learn it"
        counted += f", and {further}" if group.further else ""
        steps = group.steps + steps
    return f"{counted}, after {_range(steps)} steps: hard to learn, not impossible."


def _groups(board: SuiteBoard, task: str) -> dict[str, Group]:
    """By what they are made of, the largest group first."""
    (learned_at,) = [each.learned_at for each in board.data.tasks if each.name == task]
    groups: dict[str, Group] = {}
    labels = {}
    for model in _models(board, task):
        assert model.architecture is not None
        labels[short_name(model.name)] = label = _label(model.architecture)
        group, scores = groups.setdefault(label, Group()), model.tasks[task]
        assert scores.learned is not None
        group.models += 1
        group.learned += scores.learned.learned
        group.runs += scores.learned.runs
        steps = [run.steps_to_learn(learned_at) for run in scores.training]
        group.steps += [step for step in steps if step is not None]
    recorded = {
        (short_name(model.name), run.seed)
        for model in _models(board, task)
        for run in model.tasks[task].training
    }
    for run in further_runs(board.suite.name):
        if run.task == task and run.model in labels and (run.model, run.seed) not in recorded:
            groups[labels[run.model]].further.append(run)
    return dict(sorted(groups.items(), key=lambda pair: (-pair[1].runs, pair[0])))


def _models(board: SuiteBoard, task: str) -> list[ModelData]:
    """The references with recorded runs of a task."""
    return [
        model
        for model in board.data.models
        if model.kind == "reference"
        and model.architecture is not None
        and task in model.tasks
        and model.tasks[task].learned is not None
    ]


def _label(architecture: Architecture) -> str:
    return _GROUPS.get(architecture.family) or _POSITIONS.get(
        architecture.positions, f"attention, {architecture.positions}"
    )


def _by_group(groups: dict[str, Group]) -> str:
    parts = [
        f"{label} {group.learned} of {group.runs}"
        + (f" after {_range(group.steps)} steps" if group.steps else "")
        for label, group in groups.items()
    ]
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _speeds(board: SuiteBoard, task: str) -> str:
    """Which components change the steps to learn significantly."""
    effects = [] if board.effects is None else board.effects.effects
    known = [
        effect
        for effect in effects
        if (effect.response, effect.task, effect.kind) == (STEPS, task, "effect")
        and effect.significant
        and " × " not in effect.term
    ]
    return "".join(
        f" {effect.term} takes {2**effect.value:.1f} times the steps"
        + (
            ""
            if effect.low is None or effect.high is None
            else f" ({2**effect.low:.1f} to {2**effect.high:.1f})"
        )
        + ", significant after correction."
        for effect in known
    )


def _has_further(groups: dict[str, Group]) -> bool:
    return any(group.further for group in groups.values())


def _further_words(groups: dict[str, Group]) -> str:
    if not _has_further(groups):
        return ""
    every = [run for group in groups.values() for run in group.further]
    learned = sum(run.steps_to_learn is not None for run in every)
    return (
        f" Of {len(every)} further runs, whose weights are not kept, {learned} pass an optimality of 90 on "
        "development prompts."
    )


def _further_cell(group: Group) -> str:
    if not group.further:
        return "–"
    steps = group.further_steps
    return f"{len(steps)} of {len(group.further)}" + (f", after {_range(steps)}" if steps else "")


def _range(steps: Sequence[int]) -> str:
    if not steps:
        return "–"
    low, high = min(steps), max(steps)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _evidence(board: SuiteBoard, task: str) -> list[Link]:
    return [
        Link("Task", board.page("tasks", task)),
        Link("Runs (CSV)", f"data/{board.suite.name}-runs.csv"),
    ]
