"""The algorithms that predictions of a model are compared with: baselines, ridges, and gradient descent."""

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from icl_bench.baselines.base import BASELINES, Baseline, get_baseline
from icl_bench.baselines.ridge import Ridge
from icl_bench.errors import InputError
from icl_bench.frozen.anchors import ZERO, named_anchors
from icl_bench.scoring.scores import squared_errors
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites import Prompts, Suite, generate
from icl_bench.suites.generate import generate_queries

PENALTIES = (0.001, 0.01, 0.1, 10.0)  # of ridges, beside the baseline's own of 1
STEPS = tuple(range(1, 11))  # of gradient descent
RATES = tuple(0.002 * 1.4**power for power in range(28))  # 0.002 to 18
DEV_PROMPTS = 1_024


class GradientDescent(Baseline):
    """ŷ_i = x_i · w after steps of gradient descent from 0 on ½ mean_j (y_j − x_j · w)² over the context.

    Each context length has a rate of its own: with one for all, what is right for ten examples diverges on
    one. One step at rate 1 is the baseline `averaging`.
    """

    type: Literal["gradient_descent"] = "gradient_descent"
    summary: ClassVar[str] = "steps of gradient descent from 0 on the mean squared error of the context"
    steps: int = Field(ge=1)
    rates: tuple[float, ...]  # at context lengths 0, 1, …

    def numbers_per_prompt(self, points: int, d: int, k: int) -> int:
        """The covariance of each context."""
        return points * (d * d + d * k)

    def answers(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """All context lengths at once."""
        *_, weights = _weights_after_steps(xs, ys, np.array(self.rates[: xs.shape[1]]), self.steps)
        return _answers(weights, xs)


def _weights_after_steps(
    xs: Float[np.ndarray, "batch points d"],
    ys: Float[np.ndarray, "batch points k"],
    rates: Float[np.ndarray, " points"],
    steps: int,
) -> Iterator[Float[np.ndarray, "batch points d k"]]:
    """The weights of every context after 1, 2, … steps, from running means over its points."""
    lengths = np.maximum(np.arange(xs.shape[1]), 1)[:, None, None]
    covariance = _before(xs[..., :, None] * xs[..., None, :]) / lengths
    target = _before(xs[..., :, None] * ys[..., None, :]) / lengths
    weights = np.zeros_like(target)
    for _ in range(steps):
        weights = weights + rates[:, None, None] * (target - covariance @ weights)
        yield weights


def _answers(weights: np.ndarray, queries: np.ndarray) -> Float[np.ndarray, "batch points k"]:
    return (queries[..., None, :] @ weights)[..., 0, :]


def algorithms(suite: Suite, task: TaskSpec) -> Iterator[tuple[str, Baseline]]:
    """The algorithms by name, the exact predictor first: the baselines that answer the task within seconds or
    that scores rest on, ridges, and gradient descent of 1 to 10 steps."""
    anchors = set(named_anchors(task))
    names = dict.fromkeys((task.exact, *BASELINES.entries()))
    for name in names:
        if name != ZERO and (BASELINES.entries()[name].cheap or name in anchors):
            try:
                yield name, get_baseline(name, task)
            except InputError:  # it does not answer this task
                continue
    for penalty in PENALTIES:
        yield f"ridge_{penalty:g}", Ridge(penalty=penalty)
    for descent in gradient_descents(suite, task):
        yield f"gradient_descent_{descent.steps}", descent


def gradient_descents(suite: Suite, task: TaskSpec) -> list[GradientDescent]:
    """Of 1, 2, … steps, at the rates of least error on the task's development stream."""
    prompts = development_prompts(suite, task, DEV_PROMPTS)
    asked = (prompts.xs if prompts.queries is None else prompts.queries.xs).astype(np.float64)
    xs, ys = prompts.xs.astype(np.float64), prompts.ys.astype(np.float64)
    errors = np.empty((len(RATES), len(STEPS), task.points))
    for row, rate in enumerate(RATES):
        every = np.full(task.points, rate)
        for column, weights in enumerate(_weights_after_steps(xs, ys, every, len(STEPS))):
            errors[row, column] = squared_errors(_answers(weights, asked), prompts.targets).mean(axis=0)
    best = np.array(RATES)[errors.argmin(axis=0)]
    return [
        GradientDescent(steps=steps, rates=tuple(rates.tolist()))
        for steps, rates in zip(STEPS, best, strict=True)
    ]


def development_prompts(suite: Suite, task: TaskSpec, count: int) -> Prompts:
    """The first prompts of a task's development stream, which nothing is scored on."""
    home = suite.home(task.name).name
    xs, ys, _ = generate(task, home, "dev", 0, count)
    return Prompts(task, xs, ys, generate_queries(task, home, "dev", 0, count))


def _before(values: Float[np.ndarray, "batch points ..."]) -> Float[np.ndarray, "batch points ..."]:
    """Sums over the points before each one."""
    sums = np.zeros_like(values)
    np.cumsum(values[:, :-1], axis=1, out=sums[:, 1:])
    return sums
