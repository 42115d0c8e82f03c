"""The data of a board: what it ranks, with what is known of its entries."""

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from icl_bench.leaderboard.data import (
    Architecture,
    BoardData,
    LanguageModelData,
    LearnedData,
    MetricData,
    ModelData,
    PlaceData,
    ProbeData,
    RunData,
    TaskData,
    TaskScores,
)
from icl_bench.leaderboard.entries import Entry, family, state_of
from icl_bench.leaderboard.provenance import submission_data
from icl_bench.models.accounting import components
from icl_bench.ranking.board import Board, Standing
from icl_bench.ranking.differences import GRADED, MEAN
from icl_bench.ranking.places import Place
from icl_bench.scoring.metric import metrics
from icl_bench.specs.division import RE_EVALUATED, State
from icl_bench.specs.outcome import training_processor
from icl_bench.specs.probe_record import Finding
from icl_bench.specs.result import ResultRecord, TaskResult


def board_data(board: Board, entries: Sequence[Entry]) -> BoardData:
    """What the board says, with what is known of its models."""
    suite = board.suite
    known = {entry.name: entry for entry in entries}
    return BoardData(
        schema=4,
        suite=suite.name,
        hash=suite.hash,
        lock_hash=suite.lock_hash,
        prompts=suite.spec.prompts,
        resamples=suite.spec.resamples,
        resolvable=board.resolvable,
        run_spread_known=board.run_spread_known,
        metrics=[
            MetricData(name=name, heading=metric.heading, definition=metric.definition)
            for name, metric in metrics(suite.tasks.values(), on_board=True).items()
        ],
        tasks=[
            TaskData(name=name, baseline=task.baseline, exact=task.exact, learned_at=task.learned_at)
            for name, task in suite.tasks.items()
        ],
        models=[_model(board, standing, known[standing.name]) for standing in board.models],
        baselines=[_row(standing, "baseline", RE_EVALUATED) for standing in board.baselines],
    )


def _model(board: Board, standing: Standing, entry: Entry) -> ModelData:
    row = _row(standing, entry.kind.shown_as, state_of(entry, standing.scores), entry)
    submission = None if entry.submitted is None else submission_data(entry.submitted)
    language_model = _language_model(entry)
    more = {
        "submission": submission,
        "doubted": row.doubted
        or bool(submission and submission.worse_on_fresh)
        or bool(language_model and language_model.silent),
        "revision": entry.records[0].model.revision,
        "architecture": _architecture(board, entry),
        "language_model": language_model,
        "probes": {
            probe: {task: [_probe(finding) for finding in findings] for task, findings in by_task.items()}
            for probe, by_task in entry.findings.items()
        },
    }
    return row.model_copy(update=more)


def _probe(finding: Finding) -> ProbeData:
    return ProbeData(estimate=finding.estimate, label=finding.label, values=finding.values)


def _row(
    standing: Standing,
    kind: str,
    state: State,
    entry: Entry | None = None,
) -> ModelData:
    return ModelData(
        name=standing.name,
        kind=kind,
        local=entry is not None and entry.local,
        revision=None,
        division=None if kind == "baseline" else standing.division,
        state=state,
        submission=None,
        architecture=None,
        language_model=None,
        place=_place(standing.places.get(MEAN)),
        graded_place=_place(standing.places.get(GRADED, standing.places.get(MEAN))),
        unplaced=None if kind == "baseline" else standing.unplaced,
        one_run=standing.one_run,
        ranked_on_fresh=[]
        if entry is None
        else [task for task in standing.scores if task in entry.ranked_on_fresh],
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
    training = {
        task: [
            _run(record.tasks[task], standing.gains[task]) for record in records if _is_trained(record, task)
        ]
        for task in standing.scores
    }
    return {
        task: TaskScores(
            runs=standing.runs[task],
            estimates={
                metric: by_task[task] for metric, by_task in standing.estimates.items() if task in by_task
            },
            seeds={str(seed): gain for seed, gain in standing.gains[task].items()} if entry else {},
            learned=_learned(standing, task, training[task]),
            training=training[task],
        )
        for task in standing.scores
    }


def _place(place: Place | None) -> PlaceData | None:
    return None if place is None else PlaceData(number=place.number, shared=place.shared)


def _learned(standing: Standing, task: str, training: Sequence[RunData]) -> LearnedData | None:
    learned = standing.learned.get(task)
    if learned is None:
        return None
    best = sorted(training, key=lambda run: -math.inf if run.gain is None else run.gain, reverse=True)
    steps = [run.steps_to_learn(None) for run in best[: learned.learned]]
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
    outcome = result.outcome
    return RunData(
        seed=result.seed,
        steps=outcome.steps if outcome else _recipe_steps(result.checkpoint.training),
        sha256=result.checkpoint.sha256,
        gain=gains.get(result.seed) if result.seed is not None else None,
        estimates=result.estimates,
        outcome=outcome,
        trained_on=training_processor(result.checkpoint.training),
    )


def _recipe_steps(training: dict[str, Any] | None) -> int | None:
    """What a checkpoint says of its training may be of any type."""
    recipe = (training or {}).get("recipe")
    steps = recipe.get("steps") if isinstance(recipe, dict) else None
    return steps if type(steps) is int else None


def _language_model(entry: Entry) -> LanguageModelData | None:
    """None of what was not asked in text."""
    results = {task: result for record in entry.records for task, result in record.tasks.items()}
    shares = {task: share for task, result in results.items() if (share := result.label_share) is not None}
    if not shares:
        return None
    known = next((result.language_model for result in results.values() if result.language_model), None)
    return LanguageModelData(
        architecture=None if known is None else known.architecture,
        parameters=None if known is None else known.parameters,
        label_shares=shares,
        silent=[task for task, result in results.items() if not result.answers],
    )


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
        blocks=list(dict.fromkeys(sublayer.module.type for sublayer in spec.built())),
        norm=spec.final_norm.type,
        width=spec.width,
        layers=sum(layer.repeat for layer in spec.layers),
        parameters=max(cost.parameters for cost in accounts),
        state_fixed=max(cost.state_fixed for cost in accounts),
        state_per_token=max(cost.state_per_token for cost in accounts),
        flops=max(cost.flops for cost in accounts),
    )
