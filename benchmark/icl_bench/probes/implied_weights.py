"""Which linear function a model applies after a context, read off from its answers."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float

from icl_bench.baselines.base import get_baseline
from icl_bench.baselines.ridge import Ridge
from icl_bench.charts.series import Scale
from icl_bench.errors import InputError
from icl_bench.evaluation.ask import ask_in_batches
from icl_bench.function_classes.streams import grid_normals, on_grid, raw_words
from icl_bench.predictor import Predictor
from icl_bench.probes.algorithms import gradient_descents
from icl_bench.probes.base import PROBES, Probe, Subject
from icl_bench.scoring.scores import interval_estimate, interval_estimates, without_estimate
from icl_bench.specs.probe_record import Finding
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites import generate

PROMPTS = 48  # the first of the task
LENGTHS = 6  # context lengths that are looked at, from 1 on
FIT = 4  # times d: fresh queries that the weights are fitted to; as many again measure the fit
LINEAR = ("linear_regression", "sparse_linear_regression")  # whose parameters hold weights `w`
BASELINES = ("least_squares", "ridge", "sparse_bayes")
PENALTIES = (0.01, 0.1)  # of further ridges
STEPS = (1, 10)  # of gradient descent

Weights = Float[np.ndarray, "prompts d"]


@PROBES.register
class ImpliedWeights(Probe):
    """ŵ of least squares over the answers to 4d fresh queries x ~ N(0, I) after one and the same context,
    whatever the distribution of the context is.

    R² is that of ŵ on 4d other queries, 1 − Σ (answer − ŵ·x)² / Σ answer²: how linear the function is. The
    weights of other predictors are their answers to unit vectors; distances are ‖ŵ − v‖² over the mean ‖w‖².
    """

    type: Literal["implied_weights"] = "implied_weights"
    place: ClassVar[int] = 2
    heading: ClassVar[str] = "Implied weights"
    definition: ClassVar[str] = (
        "How linear the answers to fresh queries are after one context: R² of the linear function that is "
        "fitted to them, on queries that it was not fitted to. Beside it, how far its weights are from those "
        "of the prompt and of known algorithms, as a share of the mean squared length of the prompt's."
    )
    y_label: ClassVar[str] = "squared distance, of the squared length of w"
    y_scale: ClassVar[Scale] = "log"

    def serves(self, task: TaskSpec) -> bool:
        """Linear functions."""
        return task.function_class.type in LINEAR

    def measure(self, subject: Subject) -> Finding:
        """R² over all lengths looked at, and distances at each."""
        task, suite = subject.task, subject.suite
        lengths = np.unique(np.linspace(1, task.points - 1, LENGTHS).round().astype(int)).tolist()
        true = generate(task, suite.home(task.name).name, "eval", 0, PROMPTS).parameters["w"]
        others = _others(subject)
        squared: dict[str, list[np.ndarray]] = {name: [] for name in ("w", *others)}
        linear: list[np.ndarray] = []
        units = np.broadcast_to(np.eye(true.shape[1], dtype=np.float32), (len(true), *[true.shape[1]] * 2))
        for length in lengths:
            queries = _queries(subject, length, len(true))
            answers = _answers(subject.predictor, subject, length, queries)
            half = queries.shape[1] // 2
            weights = fitted_weights(queries[:, :half], answers[:, :half])
            linear.append(_missed(weights, queries, answers))
            squared["w"].append(np.square(weights - true).sum(axis=1))
            for name, other in others.items():
                theirs = _answers(other, subject, length, units)  # linear in the query: these are its weights
                squared[name].append(np.square(weights - theirs).sum(axis=1))
        missed, whole = np.sum(linear, axis=0).T
        fit = without_estimate("it answers 0 everywhere")
        if whole.all():
            (share,), resampled = subject.ratios(missed[:, None], whole)
            fit = interval_estimate(1 - float(share), 1 - resampled[:, 0])
        size = np.square(true.astype(np.float64)).sum(axis=1)
        columns = np.column_stack([np.mean(values, axis=0) for values in squared.values()])
        names = [f"distance to {name}" for name in squared]
        means, drawn = subject.ratios(columns, size)
        return Finding(
            estimate=fit,
            label=f"nearest to {list(squared)[int(means.argmin())]}",
            values=dict(zip(names, interval_estimates(means, drawn), strict=True)),
            curves={
                name: [float(value.mean() / size.mean()) for value in values]
                for name, values in squared.items()
            },
            x=[float(length) for length in lengths],
        )


def _others(subject: Subject) -> dict[str, Predictor]:
    """The predictors whose weights are compared with, by name."""
    predictors: dict[str, Predictor] = {}
    for name in BASELINES:
        try:
            predictors[name] = get_baseline(name, subject.task)
        except InputError:  # it does not answer this task
            continue
    for penalty in PENALTIES:
        predictors[f"ridge_{penalty:g}"] = Ridge(penalty=penalty)
    for descent in gradient_descents(subject.suite, subject.task):
        if descent.steps in STEPS:
            predictors[f"gradient_descent_{descent.steps}"] = descent
    return predictors


def _queries(subject: Subject, length: int, prompts: int) -> Float[np.ndarray, "prompts queries d"]:
    d = subject.task.function_class.d
    count = 2 * FIT * d
    raw = raw_words(f"{subject.stream}/implied_weights/{length}", 0, prompts, count * d)
    return on_grid(grid_normals(raw)).reshape(prompts, count, d)


def fitted_weights(
    queries: Float[np.ndarray, "prompts queries d"], answers: Float[np.ndarray, "prompts queries"]
) -> Weights:
    """The weights of the linear function that is nearest to the answers, by least squares."""
    return (np.linalg.pinv(queries.astype(np.float64)) @ answers[:, :, None])[..., 0]


def _missed(
    weights: Weights, queries: np.ndarray, answers: Float[np.ndarray, "prompts queries"]
) -> Float[np.ndarray, "prompts 2"]:
    """On the second half of the queries: the sum of squares that the weights miss, and that of answers."""
    half = queries.shape[1] // 2
    missed = answers[:, half:] - (queries[:, half:] @ weights[..., None])[..., 0]
    return np.column_stack([np.square(missed).sum(axis=1), np.square(answers[:, half:]).sum(axis=1)])


def _answers(
    predictor: Predictor, subject: Subject, length: int, queries: Float[np.ndarray, "prompts queries d"]
) -> Float[np.ndarray, "prompts queries"]:
    prompts, count, d = queries.shape
    part = subject.prompts.part(slice(prompts))
    xs = np.repeat(part.xs[:, : length + 1], count, axis=0)
    ys = np.repeat(part.ys[:, : length + 1], count, axis=0)
    xs[:, -1], ys[:, -1] = queries.reshape(-1, d), 0
    parts = [answer[:, -1, 0] for _, answer in ask_in_batches(predictor, xs, ys)]
    return np.concatenate(parts).astype(np.float64).reshape(prompts, count)
