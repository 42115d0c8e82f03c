"""Fresh prompts: a model is scored on prompts that nobody could know when its weights were fixed.

The frozen prompts of a task are the stream `suite/task/eval`, and everybody may train on them. The fresh ones
are the stream `suite/task/fresh/<commit>`: SHA-256 of that name, with the 40 hexadecimal digits of the
commit that merged the submission, seeds the generator (`icl_bench.function_classes.streams`). The commit's
hash covers the submission, and so the hashes of the weights: it exists only after them. All else of the task
is the same.

A model that learned the task has the same error on both, but for sampling. The gap is

    ξ_model / ξ_zero on the fresh prompts  -  ξ_model / ξ_zero on the frozen prompts,

with ξ the error summed over prompts and scored context lengths. The two are independent samples of prompts:
each is resampled by draws of its own, and the central 95% of the differences is the interval.
"""

from pathlib import Path
from statistics import NormalDist

import numpy as np
from jaxtyping import Float

from icl_bench.entries.base import Source
from icl_bench.environment import describe_environment, describe_evaluator
from icl_bench.errors import SpecError
from icl_bench.evaluation.predict import predict_all
from icl_bench.frozen.anchors import suite_anchors
from icl_bench.predictor import Missing
from icl_bench.scoring.scores import (
    CONFIDENCE,
    bootstrap_key,
    interval_estimate,
    resampled_sums,
    scored_sums,
    squared_errors,
)
from icl_bench.specs.checkpoint import parse_json
from icl_bench.specs.fresh import FreshRecord, FreshTask
from icl_bench.specs.result import MAX_RECORD_BYTES, Estimate, ResultRecord, TaskResult
from icl_bench.specs.schema import parse
from icl_bench.suites import Prompts, Suite, generate, load_suite
from icl_bench.suites.generate import generate_queries

Errors = Float[np.ndarray, " prompts"]


def fresh_stream(commit: str) -> str:
    """The stream of a task's prompts that are drawn from a commit of 40 hexadecimal digits."""
    return f"fresh/{commit}"


def fresh_prompts(suite: Suite, task: str, commit: str) -> Prompts:
    """As many prompts as are frozen; InputError where `commit` is not one."""
    asked = (suite.task(task), suite.home(task).name, fresh_stream(commit), 0, suite.spec.prompts)
    arrays = generate(*asked)
    return Prompts(suite.task(task), arrays.xs, arrays.ys, generate_queries(*asked))


def zero_errors(ys: Float[np.ndarray, "prompts points k"], suite: Suite, task: str) -> Errors:
    """Each prompt's error of answering 0, summed over the scored context lengths."""
    return scored_sums(squared_errors(np.zeros_like(ys), ys), suite.task(task).scored_points)


def evaluate_fresh(source: Source, suite: Suite, frozen: ResultRecord, commit: str) -> FreshRecord:
    """Score the model of a record on fresh prompts of the tasks that its checkpoints answer.

    CheckError where a prediction is not finite.
    """
    tasks = {}
    for task, result in frozen.tasks.items():
        task_predictor = source.task_predictor(suite.task(task))
        if isinstance(task_predictor, Missing) or result.checkpoint is None:
            continue
        prompts = fresh_prompts(suite, task, commit)
        predictions = predict_all(task_predictor.predictor, prompts, f"{task}, fresh", progress=True)
        errors = scored_sums(squared_errors(predictions, prompts.targets), suite.task(task).scored_points)
        zero = zero_errors(prompts.targets, suite, task)
        tasks[task] = FreshTask(
            sha256=result.checkpoint.sha256,
            prompts=len(errors),
            prompt_errors=errors.tolist(),
            zero_errors=zero.tolist(),
            gap=relative_gap(suite, task, commit, result, (errors, zero)),
        )
    return FreshRecord(
        schema=1,
        model=frozen.model,
        suite=frozen.suite,
        commit=commit,
        evaluator=describe_evaluator(),
        environment=describe_environment(source.device),
        tasks=tasks,
    )


def relative_gap(
    suite: Suite, task: str, commit: str, frozen: TaskResult, fresh: tuple[Errors, Errors]
) -> Estimate:
    """How much larger the error over that of answering 0 is on fresh prompts, with its 95% interval; `fresh`
    is the errors of the model and of zero there."""
    frozen_zero = suite_anchors(suite, suite.task(task)).zero.errors
    name = suite.full_name(task)
    pairs = ((np.array(frozen.prompt_errors), frozen_zero), fresh)
    keys = (bootstrap_key(name), f"{name}/{fresh_stream(commit)}/bootstrap")
    values, resampled = [], []
    for pair, key in zip(pairs, keys, strict=True):
        columns = np.stack(pair, axis=1)
        sums = resampled_sums(columns, suite.spec.resamples, key)
        values.append(float(pair[0].sum()) / float(pair[1].sum()))
        resampled.append(sums[:, 0] / sums[:, 1])
    return interval_estimate(values[1] - values[0], resampled[1] - resampled[0])


def with_gaps_to(frozen: ResultRecord, fresh: FreshRecord) -> FreshRecord:
    """A record of fresh prompts whose gaps are those to another record of the same weights."""
    suite = load_suite(fresh.suite.name)
    tasks = {}
    for name, task in fresh.tasks.items():
        errors = (np.array(task.prompt_errors), np.array(task.zero_errors))
        gap = relative_gap(suite, name, fresh.commit, frozen.tasks[name], errors)
        tasks[name] = task.model_copy(update={"gap": gap})
    return fresh.model_copy(update={"tasks": tasks})


def beyond_sampling_error(gap: Estimate, tasks: int = 1) -> bool:
    """Whether a model is worse on fresh prompts by more than the sampling of prompts explains.

    `tasks` is how many gaps of the model are looked at: the interval is widened, as for a normal
    distribution, so that a model that learned its tasks has a false alarm in any of them in at most 2.5% of
    cases. A model that is better on fresh prompts is no alarm.
    """
    if gap.value is None or gap.low is None:
        return False
    tail = (1 - CONFIDENCE) / 2
    wider = NormalDist().inv_cdf(tail / tasks) / NormalDist().inv_cdf(tail)
    return gap.value - wider * (gap.value - gap.low) > 0


def load_fresh_record(path: Path) -> FreshRecord:
    """Read a record of fresh prompts; SpecError where it is not one."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_RECORD_BYTES + 1)
    except OSError as error:
        raise SpecError(
            f"cannot read {path}: {error.strerror}; give a record of fresh prompts", code="unreadable"
        ) from None
    return parse_fresh_record(content, str(path))


def parse_fresh_record(content: bytes, source: str) -> FreshRecord:
    """Validate the bytes of such a record; SpecError says what is wrong and where."""
    return parse(FreshRecord, parse_json(content, source, MAX_RECORD_BYTES), source)
