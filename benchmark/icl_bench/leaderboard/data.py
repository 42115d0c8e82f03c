"""A board as plain data: what the JSON file holds, and what every page shows.

Pages are made of these numbers alone, so a page and the file cannot disagree.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, Literal

from pydantic import Field, JsonValue

from icl_bench.entries.base import entry_kinds
from icl_bench.leaderboard.entries import Entry, Family, family, verified
from icl_bench.leaderboard.provenance import SubmissionData, submission_data
from icl_bench.models.accounting import components
from icl_bench.ranking.board import Board, Standing
from icl_bench.ranking.compare import GRADED, MEAN
from icl_bench.ranking.places import Place
from icl_bench.scoring.metric import metrics
from icl_bench.specs.outcome import Outcome
from icl_bench.specs.result import Estimate, ResultRecord, TaskResult
from icl_bench.specs.schema import Strict


class PlaceData(Strict):
    """1 and the number of models that are significantly better, and whether other models share it."""

    number: int
    shared: bool

    def __str__(self) -> str:
        """`1=` where it is shared, else `4`."""
        return str(Place(self.number, self.shared))


class LearnedData(Strict):
    """Of a model's runs on an all-or-nothing task, those that learned it, and how soon."""

    learned: int
    runs: int
    probability: Estimate  # that a run learns
    gain: Estimate | None  # of the runs that learned; null where none did
    steps: int | None  # the median to a development optimality of 0.9, where every learned run tells


class RunData(Strict):
    """One training run on one task, and what its checkpoint says of it; null where it says nothing."""

    seed: int | None
    steps: int | None  # that were made, or else of its recipe
    sha256: str  # of its weights
    gain: float | None
    estimates: dict[str, Estimate]  # by metric
    outcome: Outcome | None

    @property
    def score(self) -> Estimate:
        """The ICL regression score."""
        return self.estimates["score"]

    @property
    def optimality(self) -> Estimate:
        """The same against the exact, or best known, predictor."""
        return self.estimates["optimality"]


class TaskScores(Strict):
    """One model on one task: means over its runs."""

    runs: int
    estimates: dict[str, Estimate]  # by metric, as far as it is known of every run
    seeds: dict[str, float]  # the gain of each run, by seed
    learned: LearnedData | None  # of an all-or-nothing task
    training: list[RunData]  # a run each; empty for a baseline

    @property
    def score(self) -> Estimate:
        """The ICL regression score."""
        return self.estimates["score"]

    @property
    def optimality(self) -> Estimate:
        """The same against the exact, or best known, predictor."""
        return self.estimates["optimality"]


class Architecture(Strict):
    """What a model is made of and costs. Sizes are the largest over tasks; a multiply-add is 2 FLOPs."""

    family: Family
    positions: str
    blocks: list[str]
    norm: str
    width: int
    layers: int
    parameters: int
    state_fixed: int  # numbers carried from token to token, whatever the length
    state_per_token: int  # numbers that each token adds
    flops: int  # a prompt


def _kinds() -> list[JsonValue]:
    """What boards call entries of the kinds that can be on one."""
    return [kind.shown_as for kind in sorted(entry_kinds(), key=lambda kind: not kind.trained)]


class ModelData(Strict):
    """A row of the board."""

    name: str
    kind: str = Field(json_schema_extra=lambda schema: schema.update(enum=_kinds()))  # `EntryKind.shown_as`
    local: bool  # whether its records are the builder's own: they are not among the recorded ones
    revision: str | None  # the commit of a Hub repository, of the first run
    verified: bool  # whether anyone can recompute it: from what comes with icl-bench, or from listed files
    submission: SubmissionData | None  # what a submission says; null for references and baselines
    architecture: Architecture | None
    weights: dict[str, list[str]]  # SHA-256 of each run's, by task
    place: PlaceData | None  # by the mean over tasks; null where `unplaced` says why
    graded_place: PlaceData | None  # by the mean over graded tasks
    unplaced: str | None  # why there is no place; null for a baseline too
    one_run: bool  # whether a task was trained once alone: little is known there of other seeds
    above_exact: list[str]  # tasks where it is better than the exact predictor: something is amiss
    doubted: bool  # whether its page warns of it, for that or for being worse on fresh prompts
    mean: Estimate | None  # of the gains, tasks at equal weight: what boards are sorted by
    graded: Estimate | None  # the same of the graded tasks: the headline
    mean_score: Estimate | None  # of the ICL regression scores
    probes: dict[str, dict[str, list[Estimate]]]  # by probe and task, one a seed that was probed
    tasks: dict[str, TaskScores]


class TaskData(Strict):
    """A task of the suite: the names of the predictors at score 1 and at optimality 1, and for an
    all-or-nothing task the gain at which a run has learned it."""

    name: str
    baseline: str
    exact: str
    learned_at: float | None


class MetricData(Strict):
    """A number that is given of every model and task."""

    name: str
    heading: str
    definition: str


class BoardData(Strict):
    """Everything that a suite's board says."""

    schema_version: Literal[3] = Field(3, alias="schema")
    suite: str
    hash: str  # to cite: of prompts, scoring rules and the errors that scores are measured between
    lock_hash: str  # of everything that is frozen
    prompts: int
    resamples: int
    resolvable: float | None  # how far apart the graded means of neighbours have to be, about
    metrics: list[MetricData]  # the score, optimality, gain, then others
    tasks: list[TaskData]
    models: list[ModelData]  # the highest mean first, then what has none
    baselines: list[ModelData]


def board_data(board: Board, entries: Sequence[Entry]) -> BoardData:
    """What the board says, with what is known of its models."""
    suite = board.suite
    known = {entry.name: entry for entry in entries}
    return BoardData(
        schema=3,
        suite=suite.name,
        hash=suite.hash,
        lock_hash=suite.lock_hash,
        prompts=suite.spec.prompts,
        resamples=suite.spec.resamples,
        resolvable=board.resolvable,
        metrics=[
            MetricData(name=name, heading=metric.heading, definition=metric.definition)
            for name, metric in metrics(on_board=True).items()
        ],
        tasks=[
            TaskData(name=name, baseline=task.baseline, exact=task.exact, learned_at=task.learned_at)
            for name, task in suite.tasks.items()
        ],
        models=[_model(board, standing, known[standing.name]) for standing in board.models],
        baselines=[_row(standing, "baseline", True) for standing in board.baselines],
    )


def _model(board: Board, standing: Standing, entry: Entry) -> ModelData:
    weights: dict[str, list[str]] = {}
    for record in entry.records:
        for task, result in record.tasks.items():
            if result.checkpoint is not None:
                weights.setdefault(task, []).append(result.checkpoint.sha256)
    recomputed = set(standing.scores) <= verified(entry)
    row = _row(standing, entry.kind.shown_as, recomputed, entry)
    submission = None if entry.submitted is None else submission_data(entry.submitted)
    more = {
        "submission": submission,
        "doubted": row.doubted or bool(submission and submission.worse_on_fresh),
        "revision": entry.records[0].model.revision,
        "architecture": _architecture(board, entry),
        "weights": weights,
        "probes": {
            probe: {task: [finding.estimate for finding in findings] for task, findings in by_task.items()}
            for probe, by_task in entry.findings.items()
        },
    }
    return row.model_copy(update=more)


def _row(
    standing: Standing,
    kind: str,
    recomputed: bool,
    entry: Entry | None = None,
) -> ModelData:
    return ModelData(
        name=standing.name,
        kind=kind,
        local=entry is not None and entry.local,
        revision=None,
        verified=recomputed,
        submission=None,
        architecture=None,
        weights={},
        place=_place(standing.places.get(MEAN)),
        graded_place=_place(standing.places.get(GRADED, standing.places.get(MEAN))),
        unplaced=None if kind == "baseline" else standing.unplaced,
        one_run=standing.one_run,
        above_exact=list(standing.above_exact),
        doubted=bool(standing.above_exact),
        mean=standing.mean,
        graded=standing.graded,
        mean_score=standing.means["score"].get(MEAN),
        probes={},
        tasks=_tasks(standing, entry),
    )


def _tasks(standing: Standing, entry: Entry | None) -> dict[str, TaskScores]:
    records = [] if entry is None else entry.records
    return {
        task: TaskScores(
            runs=standing.runs[task],
            estimates={
                metric: by_task[task] for metric, by_task in standing.estimates.items() if task in by_task
            },
            seeds={str(seed): gain for seed, gain in standing.gains[task].items()} if entry else {},
            learned=_learned(standing, task, records),
            training=[
                _run(record.tasks[task], standing.gains[task])
                for record in records
                if _is_trained(record, task)
            ],
        )
        for task in standing.scores
    }


def _place(place: Place | None) -> PlaceData | None:
    return None if place is None else PlaceData(number=place.number, shared=place.shared)


def _learned(standing: Standing, task: str, records: Sequence[ResultRecord]) -> LearnedData | None:
    learned = standing.learned.get(task)
    if learned is None:
        return None
    outcomes = [record.tasks[task].outcome for record in records if _is_trained(record, task)]
    steps = [outcome.steps_to_learn.get("0.9") for outcome in outcomes if outcome is not None]
    known = [step for step in steps if step is not None]
    return LearnedData(
        learned=learned.learned,
        runs=learned.runs,
        probability=learned.probability,
        gain=learned.gain,
        steps=round(median(known)) if known and len(known) == learned.learned else None,
    )


def _is_trained(record: ResultRecord, task: str) -> bool:
    return task in record.tasks and record.tasks[task].checkpoint is not None


def _run(result: TaskResult, gains: Mapping[int, float]) -> RunData:
    assert result.checkpoint is not None
    return RunData(
        seed=result.seed,
        steps=result.outcome.steps if result.outcome else _recipe_steps(result.checkpoint.training),
        sha256=result.checkpoint.sha256,
        gain=gains.get(result.seed) if result.seed is not None else None,
        estimates=result.estimates,
        outcome=result.outcome,
    )


def _recipe_steps(training: dict[str, Any] | None) -> int | None:
    """What a checkpoint says of its training may be of any type."""
    recipe = (training or {}).get("recipe")
    steps = recipe.get("steps") if isinstance(recipe, dict) else None
    return steps if type(steps) is int else None


def _architecture(board: Board, entry: Entry) -> Architecture | None:
    """Sizes are the largest over tasks; the rest is that of the first one."""
    specs, accounts = entry.specs, entry.accounts(board.suite).values()
    if not specs:
        return None
    spec = next(iter(specs.values()))
    parts = components(spec)
    return Architecture(
        family=family(spec),
        positions=str(parts["positions"]),
        blocks=list(dict.fromkeys(sublayer.module.type for sublayer in spec.expanded())),
        norm=spec.final_norm.type,
        width=spec.width,
        layers=sum(layer.repeat for layer in spec.layers),
        parameters=max(cost.parameters for cost in accounts),
        state_fixed=max(cost.state_fixed for cost in accounts),
        state_per_token=max(cost.state_per_token for cost in accounts),
        flops=max(cost.flops for cost in accounts),
    )
