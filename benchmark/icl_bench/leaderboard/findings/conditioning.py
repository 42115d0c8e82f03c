"""What depth and loops do where tasks have condition numbers, claim by claim of arXiv 2410.21698.

Whether a claim holds here is decided by a rule that is written where it is applied; its numbers stand beside.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
from icl_bench.leaderboard.findings.finding import NOT_SEPARATED, Finding, Link, seeds, with_interval
from icl_bench.leaderboard.formats import score
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.specs.probe_record import Finding as Probed
from icl_bench.specs.suite import TaskSpec

CLAIM = "Claim (arXiv 2410.21698): "
HOLDS, DENIED = "It holds here", "It does not hold here"


def depth_page(board: SuiteBoard) -> str:
    """The path of the page that draws these."""
    return f"{board.suite.name}/depth.html"


def conditioning_findings(board: SuiteBoard) -> Iterator[Finding]:
    """Of a suite of condition numbers; nothing of others, or without models."""
    task, models = trained_task(board), deep_models(board)
    if task is None or not models:
        return
    for claim in (_depth(board, models, task), _moved(board, models), _monotone(board, models, task)):
        if claim is not None:
            yield claim


def _depth(board: SuiteBoard, models: Sequence[Deep], task: TaskSpec) -> Finding | None:
    """What depth leaves, and condition numbers. The claim is of models that are trained up to several of
    them, so that those of one range do not decide it."""
    tasks = {number: each for number, each in condition_tasks(board).items() if number <= _most(task)}
    families = [family for family in by_family(models).values() if len(family) > 1]
    words = [words for family in families if (words := _from_to(family[0], family[-1], task))]
    if len(tasks) < 2 or not words:
        return None
    least, most = min(tasks), max(tasks)
    pairs = [(left_on(deep, tasks[least]), left_on(deep, tasks[most])) for deep in models]
    known = [(low.value or 0.0, high.value or 0.0) for low, high in pairs if low and high]
    more = sum(high > low for low, high in known)
    sentence = (
        f"{CLAIM}condition numbers up to κ take a number of layers that grows with log κ. Not decided here: "
        f"all models were trained up to κ = {_most(task):,}. Of what the exact predictor removes they leave, "
        f"in points: {'; '.join(words)} layers applied. At κ = {most:,} more is left than at κ = {least:,} "
        f"in {more} of {len(known)} models."
    )
    columns = {f"κ = {number:,}": each for number, each in condition_tasks(board).items()}
    table = _left_table(models, columns)
    return _finding(board, models, "depth", "Depth against condition number", sentence, None, table)


def _from_to(first: Deep, last: Deep, task: TaskSpec) -> str | None:
    """What the models of a family leave, from the shallowest to the deepest."""
    lefts = [left_on(deep, task) for deep in (first, last)]
    if any(left is None or left.value is None for left in lefts):
        return None
    shallow, deep = (score(left.value) for left in lefts if left is not None)
    return f"{first.family} {shallow} with {first.depth} to {deep} with {last.depth}"


def _most(task: TaskSpec) -> int:
    return task.function_class.most


def _moved(board: SuiteBoard, models: Sequence[Deep]) -> Finding | None:
    """Whether the deepest model whose layers share nothing loses more by moved inputs than a looped one of
    its depth: by the variant that moves them furthest, where the intervals of what they lose are apart."""
    moved = moved_tasks(board)
    pair = _deepest_pair(models)
    if not moved or pair is None:
        return None
    furthest = moved[-1]
    apart, looped = (_change(deep, furthest.unmoved, furthest.task) for deep in pair)
    if apart is None or looped is None:
        return None
    separate = apart.low > looped.high or looped.low > apart.high
    holds = separate and apart.value > looped.value
    verdict = HOLDS if holds else DENIED if separate else "Neither is seen to lose more here"
    sentence = (
        f"{CLAIM}layers that share no weights are not robust to a small shift of the inputs, and looped ones "
        f"are. {verdict}. Inputs moved by {furthest.length:g} change what is left by {_in_words(apart)} "
        f"points in {pair[0].model.name}, and by {_in_words(looped)} in {pair[1].model.name}; "
        f"{pair[0].depth} layers are applied in both."
    )
    columns = {"not moved": furthest.unmoved} | {f"moved by {known.length:g}": known.task for known in moved}
    title, table = "Moved inputs: layers that share weights", _left_table(models, columns)
    return _finding(board, models, "moved", title, sentence, None if separate else NOT_SEPARATED, table)


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


def _in_words(change: _Change) -> str:
    return f"{score(change.value)} ({score(change.low)} to {score(change.high)})"


def _monotone(board: SuiteBoard, models: Sequence[Deep], task: TaskSpec) -> Finding | None:
    """Whether the error only falls with every loop, beyond those of training too, and does not with every
    layer where they share nothing. Of models that apply more than one."""
    found = {deep.model.name: read_out(board, deep, task) for deep in models if deep.depth > 1}
    known = [(deep, finding) for deep in models if (finding := found.get(deep.model.name))]
    looped = [(deep, finding) for deep, finding in known if deep.looped]
    apart = [(deep, finding) for deep, finding in known if not deep.looped]
    if not looped or not apart:
        return None
    falls = [sum(not finding.estimate.value for _, finding in group) for group in (looped, apart)]
    ends = {deep.model.name: _own_and_last(deep, finding) for deep, finding in looped}
    rises = [name for name, (own, last) in ends.items() if last > own]
    holds = falls == [len(looped), 0] and not rises
    name, (own, last) = max(ends.items(), key=lambda end: _depth_of(models, end[0]))
    sentence = (
        f"{CLAIM}looped models alone have a loss that is monotone in depth. {HOLDS if holds else DENIED}. "
        f"Read out after every layer, the error only falls in {falls[0]} of {len(looped)} looped models and "
        f"in {falls[1]} of {len(apart)} others, up to the layers that they were trained with. With more "
        f"loops it rises in {len(rises)} of {len(looped)}: in {name} from {score(own)}% of that of "
        f"answering 0 to {score(last)}% at the last. The recipe's loss is that after the last loop alone."
    )
    rows = []
    for deep, finding in known:
        rise = with_interval(finding.estimate)
        rows.append((deep.model.name, deep.family, str(deep.depth), rise, *_errors(deep, finding)))
    head = ("Model", "Layers of", "Applied", "Largest rise, %", "Error, % of 0's", "At the last loop tried")
    title = "Error against loops and layers"
    return _finding(board, models, "loops", title, sentence, None, [head, *rows])


def _depth_of(models: Sequence[Deep], name: str) -> int:
    return next(deep.depth for deep in models if deep.model.name == name)


def _own_and_last(deep: Deep, finding: Probed) -> tuple[float, float]:
    """The error after the loops that a model has, and after the last that were tried."""
    errors = [error for error in by_loops(finding) if error is not None]
    return errors[deep.depth], errors[-1]


def _errors(deep: Deep, finding: Probed) -> tuple[str, str]:
    own, last = _own_and_last(deep, finding)
    return score(own), score(last) if deep.looped else "–"


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
