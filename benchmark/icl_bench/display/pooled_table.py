"""The terminal's table of a model's seeds: means over its runs, with the intervals that boards give them."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from icl_bench.display.table import score_bar
from icl_bench.display.text_table import text_table
from icl_bench.ranking.board import Board, Standing
from icl_bench.ranking.contenders import contender, several_runs
from icl_bench.specs.result import Estimate, ResultRecord
from icl_bench.suites import Suite
from icl_bench.views.cells import format_estimate

_HEADERS = ("task", "seeds", "error", "of zero", "baseline", "score", "", "optimality", "gains", "learned")
_DROPPABLE = ("", "of zero", "baseline", "error", "seeds", "gains")  # in a narrow window, the first first
_RIGHT = ("seeds", "error", "of zero")


def pooled_table(name: str, records: Sequence[ResultRecord], suite: Suite, bars: bool = True) -> str:
    """One row a task that any of the records has, and those of means where all tasks have one.

    Scores and intervals are those of a board (`icl_bench.ranking.board`): they count what differs between
    prompts, and between seeds of this model and of the references that have several. `error` is the mean over
    seeds; gains are by seed, and of an all-or-nothing task it is said how many runs learned.
    """
    model = contender(name, records)
    beside = [other for other in several_runs(suite, [model]) if other.name != name]
    (standing,) = (row for row in Board(suite, [model, *beside]).models if row.name == name)
    rows = []
    for task in standing.runs:
        results = [record.tasks[task] for record in records if task in record.tasks]
        scored = results[0].scored_points
        zero = scored.total(results[0].error_curves.zero) / scored.count
        error = float(np.mean([result.mean_error.value for result in results]))
        numbers = [task, str(len(results)), f"{error:.4g}", f"{zero:.4g}", results[0].baseline]
        numbers += _estimates(standing.scores[task], bars, standing.estimates["optimality"][task])
        gains = ", ".join(f"{gain:.3f}" for gain in standing.gains[task].values())
        rows.append([*numbers, gains, _learned(standing, task)])
    if len(rows) > 1:
        for label, score in standing.means["score"].items():
            optimality = standing.means["optimality"].get(label)
            rows.append([label, "", "", "", "", *_estimates(score, bars, optimality), "", ""])
    align = ["right" if header in _RIGHT else "left" for header in _HEADERS]
    return text_table(rows, _HEADERS, droppable=_DROPPABLE, tablefmt="simple", colalign=align)


def lacking(records: Mapping[int, ResultRecord]) -> Iterator[str]:
    """Which seeds do not answer tasks that they were asked, and why, a line for each set of seeds."""
    seeds: dict[str, list[int]] = {}
    for seed, record in records.items():
        for task in record.missing:
            seeds.setdefault(task, []).append(seed)
    for among in sorted(set(map(tuple, seeds.values()))):
        tasks = [task for task in seeds if tuple(seeds[task]) == among]
        first = records[among[0]]
        reason = first.missing[tasks[0]].removeprefix(f"{first.model.id} ")
        yield f"{format_seeds(among)}: not evaluated: {', '.join(tasks)} ({reason})"


def format_seeds(seeds: Sequence[int]) -> str:
    """`seed 0`, or `seeds 0, 1`."""
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"


def _learned(standing: Standing, task: str) -> str:
    learned = standing.learned.get(task)
    return "" if learned is None else f"{learned.learned} of {learned.runs}"


def _estimates(score: Estimate, bars: bool, optimality: Estimate | None) -> list[str]:
    bar = score_bar(score.value) if bars else ""
    return [format_estimate(score), bar, "" if optimality is None else format_estimate(optimality)]
