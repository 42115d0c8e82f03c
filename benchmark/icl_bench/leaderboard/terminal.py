"""A board on the terminal: a narrow form for 80 columns, a wide one with every interval, notes below."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from textwrap import fill
from typing import Any

from icl_bench.display.initials import legend, short_names
from icl_bench.display.text_table import CLOSE, text_table
from icl_bench.ranking.board import Board, Standing
from icl_bench.specs.result import Estimate
from icl_bench.views.cells import format_estimate

ONE_RUN = "§"  # beside rank and group, as on the site
DOUBTED = "⚠"  # beside a name, as on the site
POOLED = "‡"  # beside a score
LOCAL = "+"  # beside a name
WIDTH = 80  # columns of the narrow form
_LONGEST_NAME = 31  # of the references' names


def wide_table(
    board: Board,
    standings: Sequence[Standing],
    metric: str,
    marks: dict[str, str],
    components: Mapping[str, str],
    markdown: bool,
) -> str:
    """Ranks, groups, the mean score and a metric of every task, all with their 95% intervals.

    components: by model, what it is made of, for models that have weights.
    """
    rows = []
    for standing in standings:
        cells = standing.estimates[metric]
        rank, group = "-", "-"
        if standing.rank is not None:
            mark = f" {ONE_RUN}" * standing.one_run
            rank = f"{standing.rank.place} [{standing.rank.low}, {standing.rank.high}]{mark}"
            group = f"{standing.rank.group}{mark}"
        row = {"rank": rank, "group": group, "model": standing.name + marks.get(standing.name, "")}
        row["made of"] = components.get(standing.name, "-")
        row["mean score"] = "-" if standing.mean is None else format_estimate(standing.mean)
        for task in board.suite.tasks:
            pooled = POOLED * (standing.runs.get(task, 0) > 1)
            row[task] = format_estimate(cells[task]) + pooled if task in cells else "-"
        rows.append(row)
    return text_table(rows, tablefmt="github" if markdown else "simple")


def narrow_table(board: Board, standings: Sequence[Standing], metric: str, marks: dict[str, str]) -> str:
    """Ranks, the mean score and a metric of every task, without intervals; tasks by their initials."""
    initials = short_names(list(board.suite.tasks))
    rows: list[dict[str, Any]] = []
    for standing in standings:
        place = "-" if standing.rank is None else str(standing.rank.place)
        mark = marks.get(standing.name, "") + f" {POOLED}" * (max(standing.runs.values(), default=1) > 1)
        row = {"": place, "model": _cut(standing.name, _LONGEST_NAME + 2 - len(mark)) + mark}
        row["mean"] = _value(standing.mean, 3)
        for task, short in initials.items():
            row[short] = _value(standing.estimates[metric].get(task), 2)
        rows.append(row)
    align = ["right", "left", *["right"] * (1 + len(initials))]
    return text_table(rows, colalign=align, tablefmt=CLOSE)


def notes(
    board: Board,
    standings: Sequence[Standing],
    doubted: Collection[str],
    local: Collection[str],
    otherwise: Mapping[str, str],
    wide: bool,
) -> Iterator[str]:
    """What the marks and short names in a table mean, and how far apart two models have to be.

    otherwise: the components of models whose names say otherwise; the wide form has a column of all.
    """
    names = {standing.name for standing in standings}
    if not wide:
        yield fill(legend(list(board.suite.tasks)), WIDTH)
        for name in (standing.name for standing in standings if standing.name in otherwise):
            yield fill(f"{name} is made of: {otherwise[name]}", WIDTH)
        yield "with intervals, groups, components, whole names: --wide (--format markdown)"
    if board.resolvable is not None:
        yield f"neighbours in rank are distinguished when their means differ by about {board.resolvable:.3f}"
    if wide and any(standing.one_run and standing.rank is not None for standing in board.models):
        yield f"{ONE_RUN}: a task with one training run; rank and group know nothing there of other seeds"
    if names & set(doubted):
        yield f"{DOUBTED}: better than an exact predictor can be, or worse on fresh prompts"
    if any(runs > 1 for standing in board.models for runs in standing.runs.values()):
        yield f"{POOLED}: the mean of two or more runs"
    if names & set(local):
        yield f"{LOCAL}: a local record, given by --record"


def _cut(name: str, longest: int) -> str:
    """A name of at most `longest` characters, without its middle: names differ at their ends."""
    if len(name) <= longest:
        return name
    half = (longest - 1) // 2
    return f"{name[:half]}…{name[-half:]}"


def _value(estimate: Estimate | None, digits: int) -> str:
    if estimate is None or estimate.value is None:
        return "-"
    if abs(estimate.value) >= 1_000:
        return f"{estimate.value:.0e}"
    return f"{estimate.value:z.{1 if abs(estimate.value) >= 10 else digits}f}"
