"""The leaderboard of each suite: by gains, and by the score of the study on pages of their own."""

from collections.abc import Iterator, Sequence
from statistics import quantiles
from typing import Any

from icl_bench.frozen.anchors import IDEAL, PRIOR_MEAN
from icl_bench.leaderboard.conditioning import deep_models, trained_task
from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.findings.conditioning import depth_page
from icl_bench.leaderboard.formats import spaced
from icl_bench.leaderboard.page import Page
from icl_bench.leaderboard.pages.front import front_context
from icl_bench.leaderboard.pages.json_files import board_path
from icl_bench.leaderboard.pages.rows import GAIN, SCORE, alike_tasks, learned_tasks, rows, task_columns
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.models.accounting import Parts
from icl_bench.predictor import BASELINE_PREFIX
from icl_bench.ranking.places import NEEDED_RUNS
from icl_bench.specs.division import CONFIRMED, DIVISIONS, SELF_REPORTED

ROWS = 125  # a page, which keeps it under 500 kB
_SIZES = 4  # parts of the models, which the filter by parameters separates


def pages(site: Site) -> Iterator[Page]:
    """Two boards a suite, and further pages of them where it is long."""
    for board in site.boards:
        known = {"rows": rows(site, board)}
        front = known | {"front": front_context(site, board), "depth": _depth_page(board)}
        title = f"Leaderboard of {board.suite.name}"
        yield from _pages(board, GAIN, board.data.models, "board.html", title, front)
        by_score = sorted(board.data.models, key=_mean_score, reverse=True)
        yield from _pages(board, SCORE, by_score, "score.html", f"Scores on {board.suite.name}", known)


def _pages(
    board: SuiteBoard,
    measure: str,
    models: Sequence[ModelData],
    template: str,
    title: str,
    more: dict[str, Any],
) -> Iterator[Page]:
    starts = range(0, max(len(models), 1), ROWS)
    whole = (
        _context(board, measure, models)
        | more
        | {"numbers": [(k, _path(board, measure, k)) for k in range(1, len(starts) + 1)]}
    )
    for number, start in enumerate(starts, start=1):
        yield Page(
            _path(board, measure, number),
            template,
            title,
            f"Which sequence models learn which functions in context: {board.suite.spec.summary}",
            whole | {"models": models[start : start + ROWS], "number": number},
        )


def _depth_page(board: SuiteBoard) -> str | None:
    """The page of depth and loops; None on boards that have none."""
    return depth_page(board) if trained_task(board) and deep_models(board) else None


def _mean_score(model: ModelData) -> float:
    mean = model.mean_score
    return float("-inf") if mean is None or mean.value is None else mean.value


def _path(board: SuiteBoard, measure: str, number: int) -> str:
    if measure == GAIN:
        return board.path if number == 1 else f"{board.suite.name}/page-{number}.html"
    return f"{board.suite.name}/score{'' if number == 1 else f'-{number}'}.html"


def _context(board: SuiteBoard, measure: str, models: Sequence[ModelData]) -> dict[str, Any]:
    columns, learned = task_columns(board, measure), learned_tasks(board)
    known = [board.by_name[model.name].parts for model in models]
    means = 1 + (measure == GAIN and bool(learned))
    return {
        "board": board,
        "measure": measure,
        "measures": [
            (_path(board, GAIN, 1), GAIN, "Gain, against the exact predictor"),
            (_path(board, SCORE, 1), SCORE, "Score of the 2024 study"),
        ],
        "data_file": board_path(board),
        "choices": _choices(models, [parts for parts in known if parts is not None]),
        "sizes": _sizes(models),
        "columns": columns,
        "alike": alike_tasks(board, measure),
        "learned": learned,
        "means": means,  # columns of them
        "width": 7 + means + len(columns),
        "roles": _roles(board),
        "known": _known(models),
        "separation": _separation(board),
    }


def _choices(models: Sequence[ModelData], parts: Sequence[Parts]) -> dict[str, list[str]]:
    """What there is to filter by."""
    return {
        "mixer": sorted({part.mixer for part in parts}, key=str.lower),
        "positions": sorted({part.positions for part in parts}, key=str.lower),
        "feed": sorted({part.feed_forward for part in parts}, key=str.lower),
        "norm": sorted({part.norm for part in parts}, key=str.lower),
        "kind": sorted({model.kind for model in models}),
        "division": [each for each in DIVISIONS if any(model.division == each for model in models)],
    }


def _sizes(models: Sequence[ModelData]) -> list[int]:
    """Numbers of parameters up to which a quarter, a half and three quarters of the models are, and all."""
    sizes = [model.architecture.parameters for model in models if model.architecture is not None]
    if len(set(sizes)) < 2:
        return []
    ends = [round(end) for end in quantiles(sizes, n=_SIZES, method="inclusive")]
    return sorted({max(size for size in sizes if size <= end) for end in ends} - {max(sizes)})


def _roles(board: SuiteBoard) -> dict[str, list[str]]:
    """Of each baseline, what is measured against it; empty for one that no task names."""
    roles: dict[str, list[str]] = {baseline.name: [] for baseline in board.data.baselines}
    for name in ("baseline", "exact"):
        for baseline in roles:
            tasks = [
                spaced(task.name)
                for task in board.data.tasks
                if BASELINE_PREFIX + getattr(task, name) == baseline
            ]
            if tasks:
                word = "score 100" if name == "baseline" else "gain 100"
                where = "every task" if len(tasks) == len(board.data.tasks) else ", ".join(tasks)
                roles[baseline].append(f"{word} on {where}")
    if BASELINE_PREFIX + PRIOR_MEAN in roles:
        roles[BASELINE_PREFIX + PRIOR_MEAN].append("gain 0: the best answer without the examples")
    if BASELINE_PREFIX + IDEAL in roles:
        roles[BASELINE_PREFIX + IDEAL].append("the exact predictor of what models were trained on")
    return roles


def _known(models: Sequence[ModelData]) -> dict[str, int]:
    """How much is known of the models: of how many something is not."""
    unplaced = [model for model in models if model.place is None]
    return {
        "models": len(models),
        "one_run": sum(model.one_run for model in unplaced),
        "few": sum(not model.one_run for model in unplaced),
        "several": sum(any(scores.runs > 1 for scores in model.tasks.values()) for model in models),
        "again": sum(model.state != SELF_REPORTED for model in models),
        "confirmed": sum(model.state == CONFIRMED for model in models),
        "doubted": sum(model.doubted for model in models),
        "fresh": sum(bool(model.ranked_on_fresh) for model in models),
    }


def _separation(board: SuiteBoard) -> dict[str, Any]:
    """What the board cannot separate."""
    complete = [model for model in board.data.models if model.mean is not None]
    placed = [model for model in complete if model.place is not None]
    return {
        "complete": len(complete),
        "placed": len(placed),
        "places": len({(model.division, model.place.number) for model in placed if model.place is not None}),
        "resolvable": board.data.resolvable,
        "run_spread_known": board.data.run_spread_known,
        "needed": NEEDED_RUNS,
        "one_run": sum(model.one_run for model in complete),
    }
