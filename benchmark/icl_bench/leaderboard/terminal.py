"""A board on the terminal: a narrow form for 80 columns, a wide one with every interval, notes below."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from textwrap import fill
from typing import Any

from icl_bench.display.initials import legend, short_names
from icl_bench.display.text_table import CLOSE, text_table
from icl_bench.models.reference import PREFIX
from icl_bench.ranking.board import Board, Standing
from icl_bench.ranking.differences import GRADED, MEAN, METRIC
from icl_bench.specs.division import OPEN
from icl_bench.specs.result import Estimate
from icl_bench.views.cells import format_estimate

ONE_RUN = "§"  # in the place of a place, as on the site
NO_PLACE = "-"
OPEN_PLACE = "°"  # beside a place
ONLY_PROMPTS = ", by prompts alone: other training runs may differ by more, and no model has two"
DOUBTED = "⚠"  # beside a name, as on the site
POOLED = "‡"  # beside a score
LOCAL = "+"  # beside a name
SHORT_MEANS = {GRADED: "graded", MEAN: "all"}
WIDTH = 80  # columns of the narrow form
_LONGEST_NAME = 24


def wide_table(
    board: Board,
    standings: Sequence[Standing],
    metric: str,
    marks: dict[str, str],
    components: Mapping[str, str],
    markdown: bool,
) -> str:
    """Places, how many runs learned, means and a metric of every task, all with their 95% intervals.

    components: by model, what it is made of, for models that have weights.
    """
    rows, baselines = [], {baseline.name for baseline in board.baselines}
    for standing in standings:
        cells = standing.estimates[metric]
        row = {"place": _place(standing), "model": standing.name + marks.get(standing.name, "")}
        row["division"] = standing.division if standing.name not in baselines else "-"
        row["made of"] = components.get(standing.name, "-")
        for label, mean in _means(board, standing, metric).items():
            row[label] = "-" if mean is None else format_estimate(mean)
            if label in standing.places and label != MEAN:
                row[label] += f" ({standing.places[label]})"
        for task in board.learned_tasks:
            row[f"{task} learned"] = _learned(standing, task)
        for task in board.suite.tasks:
            pooled = POOLED * (standing.runs.get(task, 0) > 1)
            row[task] = format_estimate(cells[task]) + pooled if task in cells else "-"
        rows.append(row)
    return text_table(rows, tablefmt="github" if markdown else "simple")


def narrow_table(board: Board, standings: Sequence[Standing], metric: str, marks: dict[str, str]) -> str:
    """Places, means and a metric of every task, without intervals; tasks by their initials.

    Of an all-or-nothing task it is shown how many runs of a model learned it.
    """
    initials = short_names(list(board.suite.tasks))
    rows: list[dict[str, Any]] = []
    for standing in standings:
        mark = marks.get(standing.name, "") + f" {POOLED}" * (max(standing.runs.values(), default=1) > 1)
        name = standing.name.removeprefix(PREFIX)
        row = {"": _place(standing), "model": _cut(name, _LONGEST_NAME + 2 - len(mark)) + mark}
        for label, mean in _means(board, standing, metric).items():
            row[SHORT_MEANS[label]] = _value(mean, 3)
        for task, short in initials.items():
            learned = standing.learned.get(task) if metric == METRIC else None
            cell = _value(standing.estimates[metric].get(task), 2)
            row[short] = cell if learned is None else f"{learned.learned}/{learned.runs}"
        rows.append(row)
    align = ["right", "left", *["right"] * (len(board.means) + len(initials))]
    return text_table(rows, colalign=align, tablefmt=CLOSE)


def notes(
    board: Board,
    standings: Sequence[Standing],
    doubted: Collection[str],
    local: Collection[str],
    on_fresh: Collection[str],
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
        if len(board.means) > 1:
            yield "graded: mean over graded tasks; all: over all; 2/3: two of three runs learned"
        yield "names without / are of references: reference/NAME"
        yield "with intervals, components, whole names: --wide (--format markdown)"
    if board.resolvable is not None:
        apart = f"neighbours are told apart where graded means differ by about {board.resolvable:.3f}"
        yield fill(apart + ONLY_PROMPTS * (not board.run_spread_known), WIDTH)
    if any(standing.places for standing in board.models):
        yield "place: 1 and how many of its division are significantly better; 1= is shared"
    if any(standing.places and standing.division == OPEN for standing in board.models):
        yield f"{OPEN_PLACE}: a place in the open division; the others are in the closed one"
    if any(standing.one_run and standing.mean is not None for standing in board.models):
        yield f"{ONE_RUN}: no place, since a task has one training run; three of each are needed"
    if any(_place(standing) == NO_PLACE and standing.mean is not None for standing in board.models):
        yield f"{NO_PLACE}: no place: baselines, and models without three runs on all prompts of a task"
    if names & set(doubted):
        yield (
            f"{DOUBTED}: better than an exact predictor can be, worse on fresh prompts, or a language model "
            "that does not answer"
        )
    if names & set(on_fresh):
        yield "submissions are ranked by fresh prompts, references by the frozen ones"
    if any(runs > 1 for standing in board.models for runs in standing.runs.values()):
        yield f"{POOLED}: the mean of two or more runs"
    if names & set(local):
        yield f"{LOCAL}: a local record, given by --record"


def _place(standing: Standing) -> str:
    place = standing.places.get(MEAN)
    if place is not None:
        return f"{place}{OPEN_PLACE * (standing.division == OPEN)}"
    return ONE_RUN if standing.one_run and standing.mean is not None else NO_PLACE


def _means(board: Board, standing: Standing, metric: str) -> dict[str, Estimate | None]:
    return {label: standing.means[metric].get(label) for label in board.means}


def _learned(standing: Standing, task: str) -> str:
    learned = standing.learned.get(task)
    if learned is None:
        return "-"
    low, high = learned.probability.low, learned.probability.high
    return f"{learned.learned} of {learned.runs} [{low:.2f}, {high:.2f}]"


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
