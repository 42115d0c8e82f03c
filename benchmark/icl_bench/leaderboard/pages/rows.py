"""What a board's table prints of each model: cells in words, in the order of its columns.

The templates and the data file that the browser makes rows of both have these words, so that no number is
formatted twice.
"""

from collections.abc import Iterator, Sequence

from icl_bench.leaderboard import formats
from icl_bench.leaderboard.data import Cell, LearnedData, ModelData, PlaceData, Row, TaskData, TaskScores
from icl_bench.leaderboard.pages.alike import same
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.specs.result import Estimate

GAIN, SCORE = "gain", "score"


def rows(site: Site, board: SuiteBoard) -> dict[str, Row]:
    """The words of each model and baseline of a board."""
    columns = {measure: task_columns(board, measure) for measure in (GAIN, SCORE)}
    tokens = max(task.tokens for task in board.suite.tasks.values())
    return {
        model.name: Row(
            slug=board.slugs[model.name],
            recorded=site.record_date(model.name),
            parts=_parts(board, model),
            gain=[*_means(board, model), *(_task(model, task, GAIN) for task in columns[GAIN])],
            score=[_mean(model.mean_score), *(_task(model, task, SCORE) for task in columns[SCORE])],
            costs=[Cell(v=str(size), text=formats.short(size)) for size in _costs(model, tokens)],
        )
        for model in (*board.data.models, *board.data.baselines)
    }


def task_columns(board: SuiteBoard, measure: str) -> list[TaskData]:
    """The tasks in the order of their columns, graded ones first; without those whose scores are gains."""
    graded = [task for task in board.data.tasks if task.learned_at is None]
    alike = alike_tasks(board, measure)
    return [task for task in (*graded, *learned_tasks(board)) if task not in alike]


def learned_tasks(board: SuiteBoard) -> list[TaskData]:
    """Those that a run learns or does not."""
    return [task for task in board.data.tasks if task.learned_at is not None]


def alike_tasks(board: SuiteBoard, measure: str) -> list[TaskData]:
    """The graded tasks on which the scores are the gains: they are left out where these stand."""
    data = board.data
    every = [*data.models, *data.baselines] if measure == SCORE and data.models else []
    return [
        task
        for task in data.tasks
        if every
        and task.learned_at is None
        and all(same(model.tasks[task.name], SCORE, GAIN) for model in every if task.name in model.tasks)
    ]


def _parts(board: SuiteBoard, model: ModelData) -> list[str]:
    entry = board.by_name.get(model.name)
    parts = None if entry is None else entry.parts
    return [] if parts is None else [parts.mixer, parts.positions, parts.feed_forward, parts.norm]


def _costs(model: ModelData, tokens: int) -> list[int]:
    """Parameters, state at the end of the longest prompt and FLOPs; of a language model parameters alone."""
    parts = model.architecture
    if parts is not None:
        return [parts.parameters, parts.state_fixed + tokens * parts.state_per_token, parts.flops]
    known = None if model.language_model is None else model.language_model.parameters
    return [] if known is None else [known]


def _means(board: SuiteBoard, model: ModelData) -> Iterator[Cell]:
    yield _mean(model.mean)
    if learned_tasks(board):
        yield _mean(model.graded, model.graded_place)


def _mean(estimate: Estimate | None, place: PlaceData | None = None) -> Cell:
    if estimate is None:
        return Cell(why="tasks are missing")
    notes = [formats.interval(estimate)] + ([] if place is None else [f"place {place}"])
    cell = Cell(v=str(estimate.value), text=formats.score(estimate.value), notes=notes)
    return cell if estimate.prompts is None else cell | Cell(first=True)


def _task(model: ModelData, task: TaskData, measure: str) -> Cell:
    scores = model.tasks.get(task.name)
    if scores is None:
        return Cell(why="not evaluated")
    if measure == GAIN and scores.learned is not None:
        return _learned(scores, scores.learned)
    runs: Sequence[float | None] = [*scores.seeds.values()]
    if measure == SCORE:
        runs = [run.score.value for run in scores.training]
    return _estimate(scores.estimates.get(measure), [value for value in runs if value is not None])


def _estimate(estimate: Estimate | None, runs: Sequence[float]) -> Cell:
    if estimate is None:
        return Cell(why="not evaluated")
    if estimate.value is None:
        return Cell(why=estimate.reason or "not evaluated")
    value, notes = estimate.value, [formats.interval(estimate)]
    cell = Cell(v=str(value), text=formats.score(value), heat=formats.heat(value), notes=notes)
    if estimate.prompts is not None:
        notes.append(f"first {formats.count(estimate.prompts)} prompts")
        cell["first"] = True
    return cell | _dots(runs)


def _learned(scores: TaskScores, learned: LearnedData) -> Cell:
    """How many runs learned it; with intervals the steps or gain too, and the probability that a run does."""
    share, gains, notes = learned.learned / learned.runs, [*scores.seeds.values()], []
    if learned.steps is not None:
        notes.append(f"{formats.count(learned.steps)} steps")
    elif learned.learned == 0:
        notes.append(f"gain {formats.score(sum(gains) / learned.runs)}")
    cell = Cell(
        v=str(share),
        text=f"{learned.learned}/{learned.runs}",
        heat=formats.heat(share),
        gain=str(scores.estimates[GAIN].value),
        p=formats.plain_interval(learned.probability),
        notes=notes,
    )
    return cell | _dots(gains)


def _dots(runs: Sequence[float]) -> Cell:
    """Of several runs."""
    if len(runs) < 2:
        return Cell()
    places = [str(round(2 + 60 * formats.depth(value), 1)) for value in runs]
    return Cell(dots=places, seeds=" ".join(map(formats.score, runs)))
