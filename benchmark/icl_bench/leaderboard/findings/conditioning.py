"""What depth and loops do where tasks have condition numbers, claim by claim of arXiv 2410.21698.

Each claim holds here or does not by a rule that is written where it is applied; its numbers stand beside it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from icl_bench.leaderboard.conditioning import (
    Deep,
    by_family,
    by_loops,
    condition_tasks,
    deep_models,
    left_on,
    moved_tasks,
    read_out,
    trained_task,
)
from icl_bench.leaderboard.findings.finding import CONTRADICTED, NOT_SEPARATED, Finding, Link, listed, seeds
from icl_bench.leaderboard.formats import score
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.specs.suite import TaskSpec

NEAR = 0.1  # what is left to the exact predictor of a model that is near it
RISE = 0.01  # of the error of answering 0: what a curve may rise by and count as falling

HOLDS, DENIED = "The claim holds here", "The claim does not hold here"


def depth_page(board: SuiteBoard) -> str:
    """The path of the page that draws these."""
    return f"{board.suite.name}/depth.html"


def conditioning_findings(board: SuiteBoard) -> Iterator[Finding]:
    """Of a suite of condition numbers; nothing of others, or without models."""
    task, models = trained_task(board), deep_models(board)
    if task is None or not models:
        return
    for claim in (_depth(board, models), _moved(board, models), _monotone(board, models, task)):
        if claim is not None:
            yield claim


def _depth(board: SuiteBoard, models: Sequence[Deep]) -> Finding | None:
    """Whether the depth that comes near the exact predictor grows with the condition number: in no family
    that shares no weights does it fall, and in one of them it grows."""
    tasks = {number: task for number, task in condition_tasks(board).items() if number <= _most(board)}
    families = {
        name: deep for name, deep in by_family(models).items() if not deep[0].looped and len(deep) > 1
    }
    needed = {name: [_least_depth(deep, task) for task in tasks.values()] for name, deep in families.items()}
    if not needed or len(tasks) < 2:
        return None
    infinite = float("inf")
    depths = {name: [infinite if depth is None else depth for depth in row] for name, row in needed.items()}
    falls = any(later < depth for row in depths.values() for depth, later in pairwise(row))
    grows = any(row[-1] > row[0] for row in depths.values())
    holds = grows and not falls
    words = [
        f"{name}: {', '.join(_in_layers(depth, families[name]) for depth in row)}"
        for name, row in needed.items()
    ]
    sentence = (
        "Claim (arXiv 2410.21698): condition numbers up to κ take a number of layers that grows with log κ. "
        f"{HOLDS if holds else DENIED}. Layers that come within {score(NEAR)} points of the exact predictor "
        f"at κ = {', '.join(f'{number:,}' for number in tasks)}: {'; '.join(words)}."
    )
    return _finding(
        board,
        models,
        "depth",
        "Depth against condition number",
        sentence,
        None if holds else CONTRADICTED,
        _left_table(models, {f"κ = {number:,}": task for number, task in condition_tasks(board).items()}),
    )


def _most(board: SuiteBoard) -> int:
    task = trained_task(board)
    return task.function_class.most if task else 0


def _least_depth(models: Sequence[Deep], task: TaskSpec) -> int | None:
    """Of a family by depth, the least that is near the exact predictor."""
    near = (deep.depth for deep in models if (left := left_on(deep, task)) and (left.value or 0.0) <= NEAR)
    return next(near, None)


def _in_layers(depth: int | None, models: Sequence[Deep]) -> str:
    return f"more than {models[-1].depth}" if depth is None else str(depth)


def _moved(board: SuiteBoard, models: Sequence[Deep]) -> Finding | None:
    """Whether the deepest model whose layers share nothing loses more by moved inputs than a looped one of
    its depth: by the variant that moves them furthest, where the intervals of what they lose are apart."""
    moved = moved_tasks(board)
    pair = _deepest_pair(models)
    if not moved or pair is None:
        return None
    furthest = moved[-1]
    changes = [_change(deep, furthest.unmoved, furthest.task) for deep in pair]
    apart, looped = changes
    if apart is None or looped is None:
        return None
    separate = apart.low > looped.high or looped.low > apart.high
    holds = separate and apart.value > looped.value
    verdict = HOLDS if holds else DENIED if separate else "Here it is not decided"
    sentence = (
        "Claim (arXiv 2410.21698): layers that share no weights are not robust to a small shift of inputs, "
        f"looped ones are. {verdict}: inputs moved by {furthest.length:g} cost {pair[0].model.name} "
        f"{score(apart.value)} points and {pair[1].model.name} {score(looped.value)}; both apply as many."
    )
    columns = {"κ alone": furthest.unmoved} | {f"moved by {known.length:g}": known.task for known in moved}
    status = None if holds else CONTRADICTED if separate else NOT_SEPARATED
    table = _left_table(models, columns)
    return _finding(
        board, models, "moved", "Moved inputs: layers that share weights", sentence, status, table
    )


def _deepest_pair(models: Sequence[Deep]) -> tuple[Deep, Deep] | None:
    """The deepest model whose layers share nothing, and a looped one of its mixer and depth."""
    pairs = [
        (apart, looped)
        for apart in models
        for looped in models
        if looped.family == f"looped {apart.family}" and apart.depth == looped.depth
    ]
    return max(pairs, key=lambda pair: pair[0].depth, default=None)


@dataclass(frozen=True)
class _Change:
    """How much more is left; its interval is as wide as those of before and after together."""

    value: float
    low: float
    high: float


def _change(deep: Deep, unmoved: TaskSpec, moved: TaskSpec) -> _Change | None:
    before, after = left_on(deep, unmoved), left_on(deep, moved)
    if before is None or after is None:
        return None
    ends = (before.value, before.low, before.high, after.value, after.low, after.high)
    if None in ends:
        return None
    value, low, high, value_after, low_after, high_after = (float(end) for end in ends if end is not None)
    return _Change(value_after - value, low_after - high, high_after - low)


def _monotone(board: SuiteBoard, models: Sequence[Deep], task: TaskSpec) -> Finding | None:
    """Whether the error falls with every loop, beyond those of training too, and does not with every layer
    where they share nothing: it may rise by RISE of the error of answering 0."""
    rises = {deep.model.name: _rise(board, deep, task) for deep in models}
    known = [deep for deep in models if rises[deep.model.name] is not None and deep.depth > 1]
    looped = [deep.model.name for deep in known if deep.looped]
    apart = [deep.model.name for deep in known if not deep.looped]
    if not looped or not apart:
        return None

    def falling(names: Sequence[str]) -> list[str]:
        return [name for name in names if (rises[name] or 0.0) <= RISE]

    holds = falling(looped) == looped and not falling(apart)
    sentence = (
        "Claim (arXiv 2410.21698): of all models, looped ones alone have a loss that is monotone in depth. "
        f"{HOLDS if holds else DENIED}: read out after every layer, and to 32 loops, the error never rises "
        f"by more than {score(RISE)} point of that of answering 0 in {len(falling(looped))} of {len(looped)} "
        f"looped models ({listed(looped)}), and in {len(falling(apart))} of {len(apart)} others."
    )
    rows = [(deep.model.name, deep.family, str(deep.depth), score(rises[deep.model.name])) for deep in known]
    status = None if holds else CONTRADICTED
    table = [("Model", "Layers of", "Applied", "Largest rise"), *rows]
    return _finding(board, models, "loops", "Error against loops and layers", sentence, status, table)


def _rise(board: SuiteBoard, deep: Deep, task: TaskSpec) -> float | None:
    """The largest rise of the error from a depth to a later one, beyond the model's own loops too."""
    finding = read_out(board, deep, task)
    if finding is None:
        return None
    errors = [error for error in by_loops(finding) if error is not None][1:]  # from the first layer on
    return max((later - error for place, error in enumerate(errors) for later in errors[place:]), default=0.0)


def _left_table(models: Sequence[Deep], columns: dict[str, TaskSpec]) -> list[tuple[str, ...]]:
    rows = []
    for deep in models:
        lefts = [left_on(deep, task) for task in columns.values()]
        cells = ("–" if left is None or left.value is None else score(left.value) for left in lefts)
        rows.append((deep.model.name, deep.family, str(deep.depth), *cells))
    return [("Left to the exact predictor, points", "Layers of", "Applied", *columns), *rows]


def _finding(
    board: SuiteBoard,
    models: Sequence[Deep],
    name: str,
    title: str,
    sentence: str,
    status: str | None,
    table: Sequence[Sequence[str]],
) -> Finding:
    fewest = min(scores.runs for deep in models for scores in deep.model.tasks.values())
    page = Link("Charts", f"{depth_page(board)}#{name}")
    found = seeds(fewest) if status is None else status
    return Finding(f"{board.suite.name}-{name}", title, sentence, found, [page], table)
