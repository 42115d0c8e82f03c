"""How much a prediction depends on the order of its examples."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float

from icl_bench.evaluation.ask import ask_in_batches
from icl_bench.function_classes.streams import raw_words
from icl_bench.probes.base import PROBES, Probe, Subject
from icl_bench.scoring.scores import interval_estimates
from icl_bench.specs.probe_record import Finding
from icl_bench.specs.suite import TaskSpec

PROMPTS = 128  # the first of the task
ORDERS = 8  # of each context, the prompt's own first
LENGTHS = 5  # context lengths that are looked at, the longest among them


@PROBES.register
class Order(Probe):
    """The variance of the prediction over orders of the examples, over ξ_0.

    An exact predictor answers alike in every order, up to rounding. Beside it stands the error of the mean of
    the predictions over orders: what a model would gain by being asked in several.
    """

    type: Literal["order"] = "order"
    place: ClassVar[int] = 3
    heading: ClassVar[str] = "Changes with order"
    definition: ClassVar[str] = (
        "The variance of the prediction over orders of the examples, at the longest context, as a share of "
        "the error of answering 0."
    )
    y_label: ClassVar[str] = "of the error of answering 0"

    def serves(self, task: TaskSpec) -> bool:
        """Where the order of the examples carries no information, and two of them precede a scored point."""
        return bool(_lengths(task)) and (task.shift is None or task.shift.keeps_order_free)

    def measure(self, subject: Subject) -> Finding:
        """At several context lengths; the estimate is of the longest."""
        lengths = _lengths(subject.task)
        parts = {length: _at(subject, length) for length in lengths}
        values = {length: subject.ratios(of[:, :3], of[:, 3]) for length, of in parts.items()}
        names = ("variance", "error", "mean's error")
        estimates = interval_estimates(*values[lengths[-1]])
        return Finding(
            estimate=estimates[0],
            values=dict(zip(names[1:], estimates[1:], strict=True)),
            curves={name: [float(values[i][0][k]) for i in lengths] for k, name in enumerate(names)},
            x=[float(length) for length in lengths],
        )


def _lengths(task: TaskSpec) -> list[int]:
    scored = [length for length in task.scored_points.positions if length >= 2]
    chosen = np.linspace(0, len(scored) - 1, min(LENGTHS, len(scored))).round().astype(int)
    return [scored[k] for k in chosen]


def _at(subject: Subject, length: int) -> Float[np.ndarray, "prompts 4"]:
    """A prompt each: variance over orders, error of one, error of their mean, squared target."""
    answers = np.stack([_answers(subject, length, order) for order in _orders(subject, length)])
    targets = subject.prompts.targets[: answers.shape[1], length].astype(np.float64)
    columns = (
        answers.var(axis=0, ddof=1),
        np.square(answers - targets).mean(axis=0),
        np.square(answers.mean(axis=0) - targets),
        np.square(targets),
    )
    return np.column_stack([column.mean(axis=1) for column in columns])


def _orders(subject: Subject, length: int) -> list[np.ndarray]:
    """Orders of each prompt's first examples (prompts, length), their own first."""
    prompts = min(PROMPTS, len(subject.prompts.xs))
    own = np.broadcast_to(np.arange(length), (prompts, length))
    streams = (f"{subject.stream}/order/{length}/{number}" for number in range(1, ORDERS))
    words = (raw_words(stream, 0, prompts, length) for stream in streams)
    return [own, *(raw.argsort(axis=1, kind="stable") for raw in words)]


def _answers(subject: Subject, length: int, order: np.ndarray) -> Float[np.ndarray, "prompts k"]:
    """The prediction at the query after the examples in that order."""
    prompts, rows = subject.prompts.part(slice(len(order))), np.arange(len(order))[:, None]
    asked = prompts.xs if prompts.queries is None else prompts.queries.xs
    xs = np.concatenate([prompts.xs[rows, order], asked[:, length : length + 1]], axis=1)
    ys = np.concatenate([prompts.ys[rows, order], np.zeros_like(prompts.ys[:, :1])], axis=1)
    parts = [answer[:, -1] for _, answer in ask_in_batches(subject.predictor, xs, ys)]
    return np.concatenate(parts).astype(np.float64)
