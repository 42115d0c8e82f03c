"""Fresh prompts: a model is scored on prompts that nobody could know when its weights were fixed.

The frozen prompts of a task are the stream `suite/task/eval`, and everybody may train on them. The fresh ones
are the stream `suite/task/fresh/<commit>`: SHA-256 of that name, with the 40 hexadecimal digits of the
commit that merged the submission, seeds the generator (`icl_bench.function_classes.streams`). The commit's
hash covers the submission, and so the hashes of the weights: it exists only after them. All else of the task
is the same. For a Python object 40 digits are drawn at random when it is evaluated.

A model that learned the task is as good on both, but for sampling (`icl_bench.evaluation.gaps`).
"""

import secrets
from pathlib import Path

import numpy as np
from jaxtyping import Float

from icl_bench.baselines.base import get_baseline
from icl_bench.entries.base import Source
from icl_bench.environment import describe_environment, describe_evaluator
from icl_bench.errors import SpecError
from icl_bench.evaluation.gaps import Errors, PromptSample, errors_by_fresh, optimality_gap, ratio_gap
from icl_bench.evaluation.predict import predict_all
from icl_bench.frozen.anchors import Anchors, baseline_errors, suite_anchors
from icl_bench.predictor import Missing, Predictor
from icl_bench.scoring.scores import bootstrap_key, scored_sums, squared_errors
from icl_bench.specs.checkpoint import parse_json
from icl_bench.specs.fresh import FreshRecord, FreshTask
from icl_bench.specs.fresh_check import FreshCheck
from icl_bench.specs.result import MAX_RECORD_BYTES, Estimate, ResultRecord, TaskResult
from icl_bench.specs.schema import parse
from icl_bench.suites import Prompts, Suite, generate, load_suite
from icl_bench.suites.generate import generate_queries


def fresh_stream(commit: str) -> str:
    """The stream of a task's prompts that are drawn from a commit of 40 hexadecimal digits."""
    return f"fresh/{commit}"


def new_seed() -> str:
    """Forty hexadecimal digits in a commit's place, that nobody knows before."""
    return secrets.token_hex(20)


def fresh_prompts(suite: Suite, task: str, commit: str, prompts: int | None = None) -> Prompts:
    """The first `prompts`, by default as many as are frozen; InputError where `commit` is not one."""
    stream, count = fresh_stream(commit), suite.spec.prompts if prompts is None else prompts
    asked = (suite.task(task), suite.home(task).name, stream, 0, count)
    arrays = generate(*asked)
    return Prompts(suite.task(task), arrays.xs, arrays.ys, generate_queries(*asked))


def zero_errors(ys: Float[np.ndarray, "prompts points k"], suite: Suite, task: str) -> Errors:
    """Each prompt's error of answering 0, summed over the scored context lengths."""
    return scored_sums(squared_errors(np.zeros_like(ys), ys), suite.task(task).scored_points)


def exact_errors(prompts: Prompts, anchors: Anchors) -> Errors | None:
    """The same of the task's exact predictor; None where it takes longer than seconds, or has no errors of
    all the frozen prompts to compare with."""
    task, exact = prompts.task, get_baseline(prompts.task.exact, prompts.task)
    frozen = anchors.exact
    if not exact.cheap or isinstance(frozen, Missing) or frozen.prompts < anchors.zero.prompts:
        return None
    return scored_sums(baseline_errors(exact, prompts), task.scored_points)


def evaluate_fresh(source: Source, suite: Suite, frozen: ResultRecord, commit: str) -> FreshRecord:
    """Score the model of a record on fresh prompts of the tasks that its weights answer.

    CheckError where a prediction is not finite.
    """
    tasks = {}
    for task, result in frozen.tasks.items():
        task_predictor = source.task_predictor(suite.task(task))
        if isinstance(task_predictor, Missing) or result.weights is None:
            continue
        prompts = fresh_prompts(suite, task, commit)
        anchors = suite_anchors(suite, suite.task(task))
        sample = _sample(task_predictor.predictor, suite, prompts, anchors, progress=True)
        tasks[task] = FreshTask(
            sha256=result.weights.sha256,
            prompts=len(sample.model),
            prompt_errors=sample.model.tolist(),
            zero_errors=sample.zero.tolist(),
            exact_errors=None if sample.exact is None else sample.exact.tolist(),
            gap=_gap(suite, task, commit, _frozen_sample(result.prompt_errors, anchors), sample),
        )
    return FreshRecord(
        schema=2,
        model=frozen.model,
        suite=frozen.suite,
        commit=commit,
        evaluator=describe_evaluator(),
        environment=describe_environment(source.device),
        tasks=tasks,
    )


def check_on_fresh(
    predictor: Predictor,
    suite: Suite,
    task: str,
    errors: list[float],
    seed: str,
    prompts: int,
    progress: bool = False,
) -> FreshCheck:
    """Score a Python object on as many fresh prompts; `errors` are those on frozen prompts, the first ones.

    CheckError where a prediction is not finite.
    """
    drawn = fresh_prompts(suite, task, seed, prompts)
    anchors = suite_anchors(suite, suite.task(task))
    sample = _sample(predictor, suite, drawn, anchors, progress)
    return FreshCheck(
        seed=seed,
        prompts=prompts,
        prompt_errors=sample.model.tolist(),
        gap=_gap(suite, task, seed, _frozen_sample(errors, anchors), sample),
    )


def recorded_gap(suite: Suite, name: str, fresh: FreshRecord, frozen: TaskResult) -> Estimate:
    """The gap that follows from the errors of a task in a record of fresh prompts, by the record's schema."""
    anchors = suite_anchors(suite, suite.task(name))
    known = _frozen_sample(frozen.prompt_errors, anchors)
    sample = _fresh_sample(fresh.tasks[name])
    return _gap(suite, name, fresh.commit, known, sample, schema=fresh.schema_version)


def recorded_errors_by_fresh(suite: Suite, name: str, task: FreshTask) -> Errors:
    """What recorded errors on fresh prompts of a task tell of those on as many frozen ones."""
    anchors = suite_anchors(suite, suite.task(name))
    return errors_by_fresh(_frozen_sample(task.prompt_errors, anchors), _fresh_sample(task))


def with_gaps_to(frozen: ResultRecord, fresh: FreshRecord) -> FreshRecord:
    """A record of fresh prompts whose gaps are those to another record of the same weights."""
    suite = load_suite(fresh.suite.name)
    tasks = {
        name: task.model_copy(update={"gap": recorded_gap(suite, name, fresh, frozen.tasks[name])})
        for name, task in fresh.tasks.items()
    }
    return fresh.model_copy(update={"tasks": tasks})


def _sample(
    predictor: Predictor, suite: Suite, prompts: Prompts, anchors: Anchors, progress: bool
) -> PromptSample:
    """The errors of a predictor and of the anchors on fresh prompts."""
    name = prompts.task.name
    predictions = predict_all(predictor, prompts, f"{name}, fresh", progress)
    errors = scored_sums(squared_errors(predictions, prompts.targets), prompts.task.scored_points)
    return PromptSample(errors, zero_errors(prompts.targets, suite, name), exact_errors(prompts, anchors))


def _fresh_sample(task: FreshTask) -> PromptSample:
    """The errors of a record of fresh prompts."""
    exact = None if task.exact_errors is None else np.array(task.exact_errors)
    return PromptSample(np.array(task.prompt_errors), np.array(task.zero_errors), exact)


def _frozen_sample(errors: list[float], anchors: Anchors) -> PromptSample:
    """The same on the first frozen prompts."""
    first, exact = anchors.first(len(errors)), anchors.exact
    whole = not isinstance(exact, Missing) and exact.prompts >= anchors.zero.prompts
    known = first.exact.errors if whole and not isinstance(first.exact, Missing) else None
    return PromptSample(np.array(errors), first.zero.errors, known)


def _gap(
    suite: Suite, task: str, seed: str, frozen: PromptSample, fresh: PromptSample, schema: int = 2
) -> Estimate:
    name = suite.full_name(task)
    keys = (bootstrap_key(name), f"{name}/{fresh_stream(seed)}/bootstrap")
    return (ratio_gap if schema == 1 else optimality_gap)(frozen, fresh, suite.spec.resamples, keys)


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
