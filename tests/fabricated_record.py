"""Records that no model has, made from the frozen errors of a suite: whole, in milliseconds each."""

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from icl_bench.evaluation.rules import CHECKS
from icl_bench.frozen.errors import BaselineErrors, load_errors
from icl_bench.models.accounting import account
from icl_bench.models.reference import PREFIX, reference_spec
from icl_bench.scoring.scores import regression_score
from icl_bench.specs.result import (
    CheckpointIdentity,
    Cost,
    Environment,
    ErrorCurves,
    Estimate,
    Evaluator,
    ModelIdentity,
    ResultRecord,
    SuiteIdentity,
    TaskResult,
)
from icl_bench.suites import load_suite

SUITE = "mini-v1"
EVALUATOR = Evaluator(version="0.1.0", commit="c" * 40, dirty=False)
ENVIRONMENT = Environment(python="3.11", numpy="2.4", torch="2.13", device="cpu", dtype="float32", threads=1)


def record(
    name: str,
    share: float | Mapping[str, float],
    *,
    suite_name: str = SUITE,
    like: str = "llama",
    seed: int = 0,
    lacks: Mapping[str, str] | None = None,
    training: dict[str, Any] | None = None,
    revision: str = "a1" * 20,
    made_with: tuple[Evaluator, Environment] = (EVALUATOR, ENVIRONMENT),
) -> ResultRecord:
    """A model that leaves about `share`, or that of each task, of what separates the exact predictor from
    answering 0.

    Its architecture is that of the reference `like`. `lacks` holds the tasks that it has no result on.
    """
    suite, reference = load_suite(suite_name), name.startswith(PREFIX)
    shares = share if isinstance(share, Mapping) else dict.fromkeys(suite.tasks, share)
    lacks = lacks or {}
    training = trained(seed) if training is None else training
    return ResultRecord(
        schema=2,
        model=ModelIdentity(
            kind="reference" if reference else "hub", id=name, revision=None if reference else revision
        ),
        suite=SuiteIdentity(name=suite_name, hash=suite.hash, resamples=suite.spec.resamples),
        evaluator=made_with[0],
        environment=made_with[1],
        tasks={
            task: _result(name, suite_name, task, shares[task], seed, like, training)
            for task in suite.tasks
            if task not in lacks
        },
        missing=dict(lacks),
    )


def trained(seed: int, learned: int | None = 1_200) -> dict[str, Any]:
    """What a checkpoint says of a run that had learned its task by a step, or never had."""
    outcome = {
        "steps": 5_000,
        "ended": "budget",
        "optimality": 0.95 if learned else 0.1,
        "doubling_gain": 0.004,
        "converged": learned is not None,
        "steps_to_learn": {"0.5": learned and learned - 200, "0.9": learned},
    }
    return {"seed": seed, "recipe": {"steps": 5_000}, "outcome": outcome}


def _result(
    name: str, suite_name: str, task: str, share: float, seed: int, like: str, training: dict[str, Any]
) -> TaskResult:
    suite = load_suite(suite_name)
    task_spec, spec = suite.task(task), _spec(suite_name, like, task)
    digest = hashlib.sha256(f"{name}/{task}/{seed}".encode())
    rng = np.random.default_rng(int.from_bytes(digest.digest()[:8], "big"))
    zero, exact, base = (
        _frozen(suite_name, task, baseline) for baseline in ("zero", task_spec.exact, task_spec.baseline)
    )
    left = np.abs(share * (1 + 0.1 * rng.normal()) + 0.1 * rng.normal(size=suite.spec.prompts))
    errors = left * zero.errors + np.abs(1 - left) * exact.errors
    curve = share * zero.curve + (1 - share) * exact.curve
    mean = float(errors.mean())
    curve *= mean / float(curve.sum() if task_spec.scored == "all" else curve[-1])
    totals = [float(frozen.errors.mean()) for frozen in (base, exact, zero)]
    return TaskResult(
        prompts=suite.spec.prompts,
        points=task_spec.points,
        scored=task_spec.scored,
        baseline=task_spec.baseline,
        exact=task_spec.exact,
        checkpoint=CheckpointIdentity(
            sha256=digest.hexdigest(),
            spec=spec.to_dict(),
            parameters=account(spec, task_spec).parameters,
            training=training,
        ),
        batch_size=64,
        checks=list(CHECKS),
        estimates={
            "mean_error": _estimate(mean / (task_spec.points if task_spec.scored == "all" else 1)),
            "score": _estimate(float(regression_score(mean, totals[0], totals[2]))),
            "optimality": _estimate(float(regression_score(mean, totals[1], totals[2]))),
        },
        error_curves=ErrorCurves(
            model=curve.tolist(),
            model_low=(0.9 * curve).tolist(),
            model_high=(1.1 * curve).tolist(),
            zero=zero.curve.tolist(),
            baseline=base.curve.tolist(),
            exact=exact.curve.tolist(),
        ),
        prompt_errors=errors.tolist(),
        cost=Cost(seconds=1.0, peak_memory_mb=None),
    )


def _estimate(value: float) -> Estimate:
    return Estimate(value=value, low=value - 0.01, high=value + 0.01, reason=None)


@cache
def _spec(suite_name: str, like: str, task: str):
    return reference_spec(like, suite_name, task)


@cache
def _frozen(suite_name: str, task: str, baseline: str) -> BaselineErrors:
    frozen = load_errors(load_suite(suite_name), task, baseline)
    assert frozen is not None
    return frozen
