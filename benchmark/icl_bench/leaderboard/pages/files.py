"""What the site gives to machines: each board as JSON and CSV, their schema, and badges."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from icl_bench.leaderboard import formats
from icl_bench.leaderboard.data import BoardData, LearnedData, ModelData
from icl_bench.leaderboard.excess import excess_risk
from icl_bench.leaderboard.page import LaterFile
from icl_bench.leaderboard.pages import changelog, charts_csv, feed, json_files
from icl_bench.leaderboard.pictures import draw_badge
from icl_bench.leaderboard.probes_csv import probes_csv
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.specs.outcome import OUTCOME_COLUMNS, outcome_row
from icl_bench.specs.result import Estimate


def _further_columns(metric: str, meaning: str) -> dict[str, str]:
    return {metric: meaning, f"{metric}_low": "lower end of its 95% interval", f"{metric}_high": "upper end"}


COLUMNS = {  # of the CSV file: one row a model and task
    "suite": "name and version",
    "model": "its name, as commands know it",
    "kind": "reference, submission or baseline",
    "division": "closed or open: places are within one; empty for baselines",
    "state": "self-reported, re-evaluated from files that anybody can have, or confirmed by its authors too",
    "family": "attention, recurrent or hybrid; empty where nothing is known of the architecture",
    "task": "a task that the model has a result on; those that it lacks have no row",
    "runs": "how many training runs the row is the mean of",
    "score": "ICL regression score",
    "low": "lower end of its 95% interval",
    "high": "upper end",
    **_further_columns("optimality", "the same against the exact or best known predictor"),
    "prompts": "how many prompts the score rests on",
    **_further_columns("gain", "optimality, measured from the prior mean"),
    "learned": "of an all-or-nothing task, how many runs learned it",
    "p_learned_low": "lower end of the 95% interval of the probability that a run learns",
    "p_learned_high": "upper end",
    "place": "1 and the number of models of its division with a significantly higher mean; empty below three "
    "runs a task",
    "graded_place": "the same of the mean over graded tasks",
    **_further_columns("mean", "of the gains, tasks at equal weight; empty where a task is missing"),
    **_further_columns("graded", "the same of the graded tasks"),
    **_further_columns("mean_score", "the same of the scores"),
    "positions": "how the model encodes positions; this and what follows is empty for baselines",
    "blocks": "the types of its blocks, joined by +",
    "norm": "its norm",
    "width": "numbers that a token is between layers",
    "layers": "how many there are",
    "parameters": "that a prompt reads, the most over tasks",
    "state_fixed": "numbers carried from token to token, whatever the length",
    "state_per_token": "numbers that each token adds to them",
    "flops": "of a prompt's forward pass, the most over tasks; a multiply-add is 2",
}
CURVE_COLUMNS = {  # of the CSV file of error curves: one row a model, task and context length
    "suite": "name and version",
    "model": "a model or baseline, as commands know it",
    "task": "as in the other tables",
    "context_length": "examples before the prediction",
    "error": "mean squared error over prompts, and over runs where there are several",
    "low": "lower end of its 95% interval, or of the range of several runs; empty for baselines",
    "high": "upper end",
    "excess_risk": "the error minus the exact predictor's, as a share of that of answering 0",
}
RUN_COLUMNS = {  # of the CSV file of training runs: one row a run
    "suite": "name and version",
    "model": "its name, as commands know it",
    "task": "a task that the run was trained for",
    "seed": "of its weights and training prompts, as its checkpoint says",
    "score": "ICL regression score of this run",
    "optimality": "the same against the exact or best known predictor",
    "gain": "optimality, measured from the prior mean",
    "error": "mean squared error over prompts, scored context lengths and coordinates",
    "device": "that answered the prompts, as the record says",
    **OUTCOME_COLUMNS,
    "trained_on": "the processor or GPU, as the checkpoint says; empty where it does not",
    "sha256": "of model.safetensors",
}


@dataclass(frozen=True)
class DataFile:
    """A file for download, and what it holds."""

    later: LaterFile
    about: str


def badges(site: Site) -> Iterator[LaterFile]:
    """The badge of every model."""
    for board in site.boards:
        for model in board.data.models:
            yield LaterFile(badge_path(board, model.name), partial(_badge, board, model))


def _badge(board: SuiteBoard, model: ModelData) -> str:
    return draw_badge(f"icl-bench {board.suite.name}", badge_value(board.data, model))


def data_files(site: Site) -> Iterator[DataFile]:
    """The files for download, in the order in which a page lists them."""
    for board in site.boards:
        name = board.suite.name
        yield DataFile(
            LaterFile(json_files.board_path(board), partial(json_files.board_json, site, board)),
            f"Everything that the board of {name} says: scores, intervals, places, architectures.",
        )
        yield DataFile(
            LaterFile(f"data/{name}.csv", partial(board_csv, board.data)),
            f"The scores of {name} as a table, one row a model and task.",
        )
        yield DataFile(
            LaterFile(f"data/{name}-runs.json", partial(json_files.runs_json, board)),
            f"The training runs of the models of {name}: their scores, how they ended, SHA-256 of weights.",
        )
        yield DataFile(
            LaterFile(f"data/{name}-runs.csv", partial(runs_csv, board)),
            f"The training runs of the models of {name}, one row a run: whether it converged, and when.",
        )
        for path, content, about in charts_csv.chart_files(board):
            yield DataFile(LaterFile(path, partial(str, content)), about)
        if any(model.probes for model in board.data.models):
            yield DataFile(
                LaterFile(f"data/{name}-probes.csv", partial(probes_csv, board.data)),
                f"What probes measured of the models of {name}, one row a number.",
            )
        if board.entries:
            yield DataFile(
                LaterFile(changelog.path(board), partial(changelog.changes_csv, site, board)),
                f"What changed among the rows of {name}: those added, runs superseded, rows moved by that.",
            )
        yield DataFile(
            LaterFile(f"data/{name}-curves.csv", partial(curves_csv, board)),
            f"Errors on {name} by context length, one row a model, task and length.",
        )
    for path, (data, what) in json_files.SCHEMAS.items():
        about = f"The JSON Schema of the files of {what}."
        yield DataFile(LaterFile(path, partial(json_files.schema, data)), about)
    if site.date is not None and site.address is not None:
        yield DataFile(
            LaterFile(feed.PATH, partial(feed.atom, site, site.date, site.address)),
            "An Atom feed with an entry a model that has every task.",
        )


def badge_path(board: SuiteBoard, name: str) -> str:
    """Where the badge of a model is."""
    return f"badges/{board.suite.name}/{board.slugs[name]}.svg"


def badge_value(data: BoardData, model: ModelData) -> str:
    """`0.912 · place 3=`: the graded mean and the place by it, § for none, or how much is there."""
    if model.mean is None or model.graded is None:
        return f"{len(model.tasks)} of {len(data.tasks)} tasks"
    mean = formats.score(model.graded.value)
    return mean + (f" · {model.placed}" if model.placed else " §" * model.one_run)


def columns(data: BoardData) -> dict[str, str]:
    """The columns of a board's table, and what each holds; those of further metrics come last."""
    further: dict[str, str] = {}
    for metric in data.metrics:
        if metric.name not in COLUMNS:
            further |= _further_columns(metric.name, metric.definition)
    return COLUMNS | further


def run_columns(data: BoardData) -> dict[str, str]:
    """The columns of the table of training runs, and what each holds."""
    return RUN_COLUMNS | {
        metric.name: metric.definition for metric in data.metrics if metric.name not in RUN_COLUMNS
    }


def curve_columns(board: SuiteBoard) -> dict[str, str]:
    """The columns of the table of curves, and what each holds."""
    return CURVE_COLUMNS | board.own_values


def board_csv(data: BoardData) -> str:
    """The board's table: numbers in full, empty where there is none."""
    table = io.StringIO()
    writer = csv.DictWriter(table, list(columns(data)), lineterminator="\n")
    writer.writeheader()
    for model in (*data.models, *data.baselines):
        writer.writerows(_rows(data, model))
    return table.getvalue()


def runs_csv(board: SuiteBoard) -> str:
    """The training runs as a table: numbers in full, empty where there is none."""
    data = board.data
    table = io.StringIO()
    writer = csv.DictWriter(table, list(run_columns(data)), lineterminator="\n")
    writer.writeheader()
    on_board = [metric.name for metric in data.metrics]
    for model in data.models:
        for task, scores in model.tasks.items():
            devices = board.devices(model.name, task)
            for run, device in zip(scores.training, devices, strict=True):
                known: dict[str, Any] = {
                    "suite": data.suite,
                    "model": model.name,
                    "task": task,
                    "seed": run.seed,
                    "error": run.estimates["mean_error"].value if "mean_error" in run.estimates else None,
                    "device": device,
                }
                known |= {
                    name: estimate.value for name, estimate in run.estimates.items() if name in on_board
                }
                known |= {"sha256": run.sha256, "gain": run.gain, "trained_on": run.trained_on}
                writer.writerow(known | outcome_row(run.outcome) | {"steps": run.steps})
    return table.getvalue()


def curves_csv(board: SuiteBoard) -> str:
    """The errors of models and baselines by context length: numbers in full, empty where there is none."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(curve_columns(board))
    for model in (*board.data.models, *board.data.baselines):
        for task in model.tasks:
            curve = board.curve(model.name, task)
            if curve is None:
                continue
            nothing = [None] * len(curve.y)
            excess = excess_risk(board, board.suite.task(task), curve.y) or nothing
            values = [board.value_curve(model.name, task, metric) or nothing for metric in board.own_values]
            columns = (curve.x, curve.y, curve.low or nothing, curve.high or nothing, excess, *values)
            writer.writerows((board.suite.name, model.name, task, *row) for row in zip(*columns, strict=True))
    return table.getvalue()


def _rows(data: BoardData, model: ModelData) -> Iterator[dict[str, Any]]:
    whole: dict[str, Any] = {"suite": data.suite, "model": model.name, "kind": model.kind}
    whole |= {"division": model.division, "state": model.state}
    if model.architecture is not None:
        parts = model.architecture.model_dump()
        whole |= parts | {"blocks": "+".join(parts["blocks"])}
    for key, place in {"place": model.place, "graded_place": model.graded_place}.items():
        whole[key] = None if place is None else place.number
    for key in ("mean", "graded", "mean_score"):
        mean = getattr(model, key)
        if mean is not None:
            whole |= {key: mean.value, **_ends(mean, f"{key}_")}
    for task, scores in model.tasks.items():
        yield whole | {
            "task": task,
            "runs": scores.runs,
            "score": scores.score.value,
            **_ends(scores.score, ""),
            **{
                key: number
                for metric, estimate in scores.estimates.items()
                if metric != "score"
                for key, number in {metric: estimate.value, **_ends(estimate, f"{metric}_")}.items()
            },
            "prompts": scores.score.prompts or data.prompts,
            **_learned(scores.learned),
        }


def _ends(estimate: Estimate, before: str) -> dict[str, float | None]:
    return {f"{before}low": estimate.low, f"{before}high": estimate.high}


def _learned(learned: LearnedData | None) -> dict[str, Any]:
    if learned is None:
        return {}
    return {"learned": learned.learned, **_ends(learned.probability, "p_learned_")}
