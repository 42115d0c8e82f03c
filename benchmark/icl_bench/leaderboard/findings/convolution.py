"""What a convolution does: pairs of the zoo whose specs differ in nothing else."""

from itertools import combinations
from typing import Any

from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.findings.finding import Finding, listed
from icl_bench.leaderboard.findings.zoo_models import zoo_finding, zoo_models
from icl_bench.leaderboard.formats import score, spaced
from icl_bench.leaderboard.shifted import gain_on
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.specs.architecture import ArchitectureSpec
from icl_bench.specs.result import Estimate


def convolution(board: SuiteBoard) -> Finding | None:
    """Pairs of the zoo whose specs differ in their convolution alone."""
    pairs = [
        (without, with_it)
        for one, other in combinations(zoo_models(board), 2)
        for without, with_it in ((one, other), (other, one))
        if _but_for_convolution(board, without, with_it)
    ]
    told = [_of_pair(board, *pair) for pair in pairs]
    rows = [row for _, of_pair in told for row in of_pair]
    if not rows:
        return None
    pairs_in_words = "; ".join(words for words, of_pair in told if of_pair)
    sentence = f"What a short convolution before the recurrence does: {pairs_in_words}."
    head = ("Gain", "Task", "Without", "With the convolution")
    models = [model for pair in pairs for model in pair]
    return zoo_finding(board, "zoo-convolution", "Who needs the convolution", sentence, models, [head, *rows])


def _of_pair(board: SuiteBoard, without: ModelData, with_it: ModelData) -> tuple[str, list[tuple[str, ...]]]:
    """What the convolution does in one pair, in words and as rows of a table."""
    rows: list[tuple[str, ...]] = []
    changes, alike, unsure = [], [], []
    for task in board.data.tasks:
        gains = [gain_on(model, task.name) for model in (without, with_it)]
        if gains[0] is None or gains[1] is None:
            continue
        before, after = (score(gain.value) for gain in gains if gain)
        rows.append((with_it.name, spaced(task.name), before, after))
        where = f"{spaced(task.name)} from {before} to {after}"
        if not _overlap(gains[0], gains[1]):
            changes.append(where)
        elif task.learned_at is None or _both_learned(gains[0], gains[1], task.learned_at):
            alike.append(spaced(task.name))
        else:  # a run learns such a task or not, so the interval is one of runs
            unsure.append(where)
    parts = [f"changes the gain on {listed(changes)}"] if changes else []
    parts += [f"makes no difference that is seen on {listed(alike)}"] if alike else []
    parts += [f"moves {listed(unsure)}, with too few runs to tell that from chance"] if unsure else []
    return f"in {with_it.name} it {', and '.join(parts)}", rows


def _both_learned(one: Estimate, other: Estimate, learned_at: float) -> bool:
    return min(one.value or 0, other.value or 0) >= learned_at


def _overlap(one: Estimate, other: Estimate) -> bool:
    """Whether the intervals of two gains do, or one has none."""
    ends = (one.low, one.high, other.low, other.high)
    return None in ends or ((ends[0] or 0) <= (ends[3] or 0) and (ends[2] or 0) <= (ends[1] or 0))


def _but_for_convolution(board: SuiteBoard, without: ModelData, with_it: ModelData) -> bool:
    """Whether the specs of two models differ in that one has a convolution and the other has none, on every
    task that both have."""
    one, other = (board.by_name[model.name].specs for model in (without, with_it))
    both = [(one[task], other[task]) for task in one if task in other]
    return bool(both) and all(_differ_in_convolution(*specs) for specs in both)


def _differ_in_convolution(without: ArchitectureSpec, with_it: ArchitectureSpec) -> bool:
    plain = [_without_convolution(spec.to_dict()) for spec in (without, with_it)]
    return plain[0][0] == plain[1][0] and plain[0][1] == {0} and 0 not in plain[1][1]


def _without_convolution(value: Any) -> tuple[Any, set[int]]:
    """A spec without its name and its convolutions, and the lengths of these."""
    if isinstance(value, dict):
        kept = {key: part for key, part in value.items() if key not in ("conv", "name")}
        parts = {key: _without_convolution(part) for key, part in kept.items()}
        own = {value["conv"]} if "conv" in value else set()
        return {key: part for key, (part, _) in parts.items()}, own.union(
            *(more for _, more in parts.values())
        )
    if isinstance(value, list):
        each = [_without_convolution(part) for part in value]
        return [part for part, _ in each], set().union(*(more for _, more in each))
    return value, set()
