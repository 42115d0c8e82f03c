"""Evaluating a predictor on a suite: checks, predictions in batches, scores with intervals, a record."""

import re
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Any, cast

import numpy as np

from icl_bench.entries.base import Source, TaskPredictor, kind_of_model
from icl_bench.entries.callable import ObjectSource
from icl_bench.entries.open import open_source
from icl_bench.environment import describe_environment, describe_evaluator, peak_memory_mb
from icl_bench.errors import InputError, ResultWarning
from icl_bench.evaluation.ask import CountedPredictor, first_batch
from icl_bench.evaluation.cuts import check_cuts
from icl_bench.evaluation.doubts import doubts
from icl_bench.evaluation.estimates import summarise
from icl_bench.evaluation.fresh import check_on_fresh, new_seed
from icl_bench.evaluation.predict import predict_all
from icl_bench.evaluation.rules import (
    CHECKS,
    FINITENESS,
    check_causality,
    check_determinism,
    check_independence,
    prompts_asked,
)
from icl_bench.frozen.anchors import anchor_errors
from icl_bench.predictor import AnswersInText, Missing, batch_size
from icl_bench.progress import progress as show_progress
from icl_bench.specs.result import Cost, ResultRecord, SuiteIdentity, TaskResult
from icl_bench.suites import Prompts, Suite, chosen_tasks, load_prompts, load_suite

FEWEST_PROMPTS = 32  # of a quick look


def evaluate(
    model: Any,
    suite: str = "mini",
    tasks: str | Sequence[str] | None = None,
    progress: bool = False,
    *,
    name: str | None = None,
    revision: str | None = None,
    device: str | None = None,
    limit: int | None = None,
    fresh_prompts: int | None = None,
    fresh_seed: str | None = None,
) -> ResultRecord:
    """Score a model on a suite's frozen prompts and return the record.

    An object, which may know these prompts by heart, is scored on fresh ones too, and the record says by how
    much its optimality is lower there. A ResultWarning is given where that is more than sampling explains,
    and where a model is better than an exact predictor.

    `.to_frame()` makes it a table, `.curves()` a table of its error curves, and `.plot()` a figure of them; a
    notebook shows it as a table with a chart.

    Args:
        model: a function f(xs, ys) or an object with predict(xs, ys), where xs is (batch, points, d) and ys
            (batch, points, k), both float32, and the answer (batch, points, k), prediction i reading only
            xs[:, :i+1] and ys[:, :i]; or a torch module of the same, tensors in place of arrays; or a mapping
            from task names to such; or a folder's path, or a model's name: `user/model` on the Hub,
            `reference/NAME` or `baseline/NAME`; with `:loops=N` behind it, as `runs/mine:loops=8`, its looped
            layers are applied N times.
        suite: its name, as `mini` or `paper-v1`.
        tasks: names, or one name, to restrict the suite to.
        progress: show it on standard error.
        name: what an object is called in the record and on a board; its class or function unless given.
        revision: commit, branch or tag of a Hub model.
        limit: score the first so many prompts of each task, for a quick look: boards and submissions refuse
            such a record.
        device: where a checkpoint or torch module computes; `cpu`, or where the module is, unless given.
        fresh_prompts: how many fresh ones an object is scored on, 0 for none; as many as frozen unless given.
        fresh_seed: 40 hexadecimal digits that they are drawn from, as a record has them, to repeat an
            evaluation; new ones unless given.

    Errors in the record are squared errors, in the squared units of the targets.

    Raises CheckError where the predictor breaks a rule of the benchmark (it peeks, answers NaN, …), and
    InputError for names that do not exist and answers of the wrong shape.

    >>> def previous_target(xs, ys):
    ...     predictions = 0 * ys
    ...     predictions[:, 1:] = ys[:, :-1]
    ...     return predictions
    >>> record = icl_bench.evaluate(previous_target, tasks="linear_regression")
    >>> round(record.tasks["linear_regression"].score.value, 1)
    -1.3
    """
    frozen = load_suite(suite)
    chosen = chosen_tasks(frozen, tasks)
    if isinstance(model, str | PathLike):
        if fresh_prompts or fresh_seed is not None:
            raise InputError(
                f"fresh prompts are for an object, and {fspath(model)} is a name; leave them out",
                code="no-fresh-prompts",
            )
        if name is not None:
            raise InputError(f"name is for an object, and {fspath(model)} has one; leave it out")
        source = open_source(fspath(model), frozen, revision, device, chosen)
    elif revision is not None:
        raise InputError(
            "revision is of a model that is named; leave it out for an object", code="no-revision"
        )
    else:
        source = ObjectSource(model, frozen, chosen, name, device)
    record = evaluate_source(source, frozen, chosen, progress, limit, fresh_prompts, fresh_seed)
    for doubt in doubts(record, frozen):
        warnings.warn(doubt, ResultWarning, stacklevel=2)
    return record


def evaluate_source(
    source: Source,
    suite: Suite,
    tasks: Sequence[str],
    progress: bool = False,
    limit: int | None = None,
    fresh_prompts: int | None = None,
    fresh_seed: str | None = None,
) -> ResultRecord:
    """Score a source on tasks of a suite, on their first `limit` prompts (all for None).

    Tasks that it does not answer are marked missing. Code that is no part of icl-bench is checked on every
    prompt, and scored on fresh ones too: as `evaluate` has it.
    """
    if limit is not None and not FEWEST_PROMPTS <= limit <= suite.spec.prompts:
        raise InputError(
            f"limit is {limit}; give {FEWEST_PROMPTS} to {suite.spec.prompts:,} prompts", code="no-such-limit"
        )
    fresh = _fresh_draw(source, limit or suite.spec.prompts, fresh_prompts, fresh_seed)
    results: dict[str, TaskResult] = {}
    missing: dict[str, str] = {}
    for name in tasks:
        task_predictor = source.task_predictor(suite.tasks[name])
        if isinstance(task_predictor, Missing):
            missing[name] = task_predictor.reason
        else:
            results[name] = _evaluate_task(task_predictor, suite, name, progress, limit, fresh)
    if not results:
        raise InputError(
            f"{source.identity.id} has no answer to evaluate; {next(iter(missing.values()))}",
            code="no-answer",
        )
    return ResultRecord(
        schema=2,
        model=source.identity,
        suite=SuiteIdentity(name=suite.name, hash=suite.hash, resamples=suite.spec.resamples),
        evaluator=describe_evaluator(),
        environment=describe_environment(source.device),
        tasks=results,
        missing=missing,
    )


@dataclass(frozen=True)
class _FreshDraw:
    """How many fresh prompts of each task own code is scored on, and the digits that they are drawn from."""

    prompts: int
    seed: str


def _fresh_draw(source: Source, scored: int, prompts: int | None, seed: str | None) -> _FreshDraw | None:
    """None where the answers are not of own code. InputError where the number or the digits are none."""
    if not kind_of_model(source.identity).own_code:
        return None
    if prompts is not None and prompts != 0 and prompts < FEWEST_PROMPTS:
        raise InputError(
            f"fresh_prompts is {prompts}; give 0, or {FEWEST_PROMPTS} or more", code="no-such-limit"
        )
    if seed is not None and not re.fullmatch("[0-9a-f]{40}", seed):
        raise InputError(
            f"fresh_seed {seed!r:.60} is not 40 hexadecimal digits; leave it out", code="no-commit"
        )
    return _FreshDraw(scored if prompts is None else prompts, seed or new_seed())


def _evaluate_task(
    task_predictor: TaskPredictor,
    suite: Suite,
    name: str,
    progress: bool,
    limit: int | None,
    fresh: _FreshDraw | None,
) -> TaskResult:
    every = load_prompts(suite, name)
    prompts, anchors = every.part(slice(limit)), anchor_errors(suite, every)
    xs, ys, predictor = prompts.xs, prompts.ys, task_predictor.predictor
    alone, checks = _checked(task_predictor, prompts, name, progress)
    started = time.perf_counter()
    predictions = predict_all(predictor, prompts, name, progress)
    seconds = time.perf_counter() - started
    if len(alone):
        among = predictions if prompts.queries is None else first_batch(predictor, xs, ys)
        check_independence(among[: len(alone)], alone, ys[: len(alone)], name)
    if fresh is not None:
        check_cuts(predictor, prompts, predictions, name, progress)
    numbers = summarise(suite, name, predictions, prompts.targets, anchors.first(len(xs)))
    on_fresh = None
    if fresh is not None and fresh.prompts:
        scored = numbers["prompt_errors"]
        on_fresh = check_on_fresh(predictor, suite, name, scored, fresh.seed, fresh.prompts, progress)
    return TaskResult(
        **numbers,
        checkpoint=task_predictor.checkpoint,
        language_model=task_predictor.language_model,
        label_shares=_label_shares(task_predictor, prompts),
        batch_size=batch_size(predictor, xs.shape[1]),
        checks=checks,
        cost=Cost(seconds=seconds, peak_memory_mb=peak_memory_mb()),
        fresh=on_fresh,
    )


def _checked(
    task_predictor: TaskPredictor, prompts: Prompts, name: str, progress: bool
) -> tuple[np.ndarray, list[str]]:
    """What it answers to a few prompts alone, (a few, points, k), and the names of the checks it passes."""
    xs, ys, most = prompts.xs, prompts.ys, task_predictor.checked_prompts
    if most == 0:
        return ys[:0], [FINITENESS]
    label, asked = f"{name}: checks", prompts_asked(xs.shape[1], most)
    with show_progress(label, asked, quiet=not progress, minor=True) as advance:
        counted = CountedPredictor(task_predictor.predictor, advance)
        check_determinism(counted, xs, ys, name, most)
        return check_causality(counted, xs, ys, name, most), CHECKS


def _label_shares(task_predictor: TaskPredictor, prompts: Prompts) -> list[float] | None:
    """The share of the probability that labels hold at each context length, averaged over prompts."""
    if not task_predictor.in_text:
        return None
    shares = cast(AnswersInText, task_predictor.predictor).label_shares(prompts.xs, prompts.ys)
    return [float(share) for share in shares.mean(axis=0)]
