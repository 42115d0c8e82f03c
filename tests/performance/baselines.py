"""The baselines beside the straightforward loop: one fit a prompt and context length, as a library offers it.

Both sides answer development prompts of paper-v1, on all cores, with each library's own threads. The loop
reads the first of the prompts that ours answers together, because to take many at once is part of what ours
does; times are for one prompt. A loop whose answers are not ours is not compared: the ratio would mean
nothing.
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import xgboost
from performance.timing import paired_seconds
from sklearn import linear_model
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeRegressor
from torch import nn

from icl_bench.baselines.base import get_baseline
from icl_bench.baselines.kernel_regression import LEAST_NOISE
from icl_bench.baselines.nngp import arc_cosine_kernel
from icl_bench.baselines.two_layer_nn import TwoLayerNN
from icl_bench.suites import find_task, generate

# xs (i, d) and ys (i, 1) of the context and the query (1, d), in float64, to the one answer
Fit = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
# xs (batch, points, d), ys (batch, points, 1) and a stride, to answers (batch, points, 1)
Loop = Callable[[np.ndarray, np.ndarray, int], np.ndarray]
# our answers, the loop's, xs and ys, to whether both sides do the same thing
Agreement = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], bool]
RANDOM_STATES = 40  # of scikit-learn's trees, which draw one of several equal splits


def every_prefix(fit: Fit) -> Loop:
    """The loop over prompts and context lengths: 0 at length 0, then every `stride`-th, NaN at the others."""

    def loop(xs: np.ndarray, ys: np.ndarray, stride: int) -> np.ndarray:
        answers = np.full(ys.shape, np.nan)
        answers[:, 0] = 0.0
        for prompt in range(len(xs)):
            for i in range(stride, xs.shape[1], stride):
                answers[prompt, i] = np.ravel(fit(xs[prompt, :i], ys[prompt, :i], xs[prompt, i : i + 1]))
        return answers

    return loop


def lasso(xs: np.ndarray, ys: np.ndarray, query: np.ndarray) -> np.ndarray:
    # scikit-learn's 1,000 sweeps end with a warning, far from the minimum, where the context is short
    model = linear_model.Lasso(alpha=1e-3, fit_intercept=False, max_iter=100_000, tol=1e-6)
    return model.fit(xs, ys).predict(query)


def ridge(xs: np.ndarray, ys: np.ndarray, query: np.ndarray) -> np.ndarray:
    return linear_model.Ridge(1.0, fit_intercept=False).fit(xs, ys).predict(query)


def least_squares(xs: np.ndarray, ys: np.ndarray, query: np.ndarray) -> np.ndarray:
    return query @ np.linalg.lstsq(xs, ys, rcond=None)[0]


def knn(xs: np.ndarray, ys: np.ndarray, query: np.ndarray) -> np.ndarray:
    return KNeighborsRegressor(n_neighbors=min(3, len(xs))).fit(xs, ys).predict(query)


def tree(depth: int | None, state: int | None = None) -> Fit:
    def fit(xs: np.ndarray, ys: np.ndarray, query: np.ndarray) -> np.ndarray:
        return DecisionTreeRegressor(max_depth=depth, random_state=state).fit(xs, ys).predict(query)

    return fit


def boosted_trees(xs: np.ndarray, ys: np.ndarray, query: np.ndarray) -> np.ndarray:
    return xgboost.XGBRegressor().fit(xs, ys).predict(query)


def nngp(xs: np.ndarray, ys: np.ndarray, query: np.ndarray) -> np.ndarray:
    kernel = arc_cosine_kernel(np.concatenate([xs, query])[None])[0]
    kernel[np.diag_indices(len(kernel))] *= 1 + LEAST_NOISE
    return kernel[-1, :-1] @ np.linalg.solve(kernel[:-1, :-1], ys)


def nngp_from_one_kernel(xs: np.ndarray, ys: np.ndarray, stride: int) -> np.ndarray:
    """The loop of someone who sees that a prefix's kernel is part of the whole one."""
    answers = np.zeros(ys.shape)
    for prompt, kernel in enumerate(arc_cosine_kernel(xs)):
        kernel[np.diag_indices(len(kernel))] *= 1 + LEAST_NOISE
        for i in range(stride, len(kernel), stride):
            answers[prompt, i] = kernel[i, :i] @ np.linalg.solve(kernel[:i, :i], ys[prompt, :i])
    return answers


def two_layer_nn(xs: np.ndarray, ys: np.ndarray, query: np.ndarray) -> np.ndarray:
    """Starts where the baseline starts and takes its points in turn, so that the answers can be compared."""
    hidden, out, out_bias, order = TwoLayerNN().drawn(len(xs), xs.shape[1], 1)
    points, targets = torch.tensor(xs, dtype=torch.float32), torch.tensor(ys, dtype=torch.float32)
    network = nn.Sequential(nn.Linear(xs.shape[1], 100), nn.ReLU(), nn.Linear(100, 1))
    start = {"0.weight": hidden[:-1].T, "0.bias": hidden[-1], "2.weight": out, "2.bias": out_bias}
    network.load_state_dict({name: torch.tensor(weights) for name, weights in start.items()})
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    for point in order:
        optimiser.zero_grad()
        nn.functional.mse_loss(network(points[point]), targets[point]).backward()
        optimiser.step()
    with torch.no_grad():
        return network(torch.tensor(query, dtype=torch.float32)).numpy()


def within(tolerance: float) -> Agreement:
    """The root mean square of the difference is at most `tolerance` of that of the loop's answers."""

    def agree(ours: np.ndarray, theirs: np.ndarray, xs: np.ndarray, ys: np.ndarray) -> bool:
        answered = np.isfinite(theirs)
        missed = np.square(ours - theirs)[answered].sum()
        return bool(missed <= tolerance**2 * np.square(theirs[answered]).sum())

    return agree


def where_no_tie_decides(depth: int | None) -> Agreement:
    """Trees of all random states have one answer, and it is ours: every 4th context length of a prompt."""

    def agree(ours: np.ndarray, theirs: np.ndarray, xs: np.ndarray, ys: np.ndarray) -> bool:
        loops = [every_prefix(tree(depth, state)) for state in range(RANDOM_STATES)]
        answers = np.stack([loop(xs[:1], ys[:1], 4) for loop in loops])
        untied = np.ptp(answers, axis=0) <= 1e-6 * np.abs(ys).max()
        same = np.isclose(ours[:1], answers[0], rtol=1e-5, atol=1e-6)
        return bool(untied[:, 1:].any() and same[untied].all())

    return agree


@dataclass(frozen=True)
class Comparison:
    """The loop beside a baseline, and how much of it is run."""

    library: str
    loop: Loop
    prompts: int
    agree: Agreement
    stride: int = 1  # it answers context lengths stride, 2 · stride …, and its time is scaled up


@dataclass(frozen=True)
class Row:
    """A baseline, the paper-v1 task that it is timed on, and how many prompts it answers together."""

    baseline: str
    task: str
    prompts: int
    aim: str = "-"
    beside: Comparison | None = None
    pairs: int = 5

    @property
    def title(self) -> str:
        """What its line is about."""
        return f"{self.baseline}, {self.task}" + (f", {self.beside.library}" if self.beside else "")


SKLEARN, CLOSE = "scikit-learn", within(1e-6)
ROWS = [
    Row(
        *("lasso", "sparse_linear_regression", 1024, "20 x"),
        Comparison(SKLEARN, every_prefix(lasso), 8, within(1e-2)),
    ),
    Row("ridge", "linear_regression", 1024, "50 x", Comparison(SKLEARN, every_prefix(ridge), 8, CLOSE)),
    Row(
        *("least_squares", "linear_regression", 1024, "-"),
        Comparison("numpy lstsq", every_prefix(least_squares), 64, CLOSE),
    ),
    Row("nngp", "two_layer_mlp", 512, "50 x", Comparison("numpy solve", every_prefix(nngp), 16, CLOSE)),
    Row(
        *("nngp", "two_layer_mlp", 512, "-"),
        Comparison("numpy solve, one kernel a prompt", nngp_from_one_kernel, 32, CLOSE),
    ),
    Row(
        *("two_layer_nn", "two_layer_mlp", 32, "50 x"),
        Comparison("torch, every 20th prefix", every_prefix(two_layer_nn), 1, within(1e-3), stride=20),
        pairs=3,
    ),
    Row(
        *("decision_tree", "decision_tree", 256, "5 x"),
        Comparison(SKLEARN, every_prefix(tree(4)), 4, where_no_tie_decides(4)),
    ),
    Row(
        *("decision_tree_unlimited", "decision_tree", 256, "5 x"),
        Comparison(SKLEARN, every_prefix(tree(None)), 4, where_no_tie_decides(None)),
    ),
    Row(
        *("xgboost", "decision_tree", 4, "3 x"),
        Comparison("xgboost", every_prefix(boosted_trees), 2, within(0)),
        pairs=3,
    ),
    Row("knn", "decision_tree", 256, "-", Comparison(SKLEARN, every_prefix(knn), 4, CLOSE)),
    Row("sparse_bayes", "sparse_linear_regression", 64, "< 20 ms"),
    Row("tree_bayes", "decision_tree", 256, "< 300 ms"),
    Row("parity_bayes", "sparse_parity", 256),
    Row("lookup", "vector_mqar", 256),
]


def cells(place: int) -> list[object]:
    """Of ROWS[place]: ours in milliseconds a prompt and its prompts, the same of the loop, and the ratio."""
    row = ROWS[place]
    suite, task = find_task(f"paper/{row.task}")
    xs, ys, _ = generate(task, suite.name, "dev", 0, row.prompts)
    predictor, beside = get_baseline(row.baseline, task), row.beside

    def ours() -> np.ndarray:
        return predictor.predict(xs, ys)

    if beside is None:
        pairs = paired_seconds(ours, lambda: None, row.pairs)
        fast = statistics.median(seconds for seconds, _ in pairs) / row.prompts
        return [three_digits(1e3 * fast), row.prompts, "-", "-", "-"]
    few = [array[: beside.prompts].astype(np.float64) for array in (xs, ys)]

    def theirs() -> np.ndarray:
        return beside.loop(*few, beside.stride)

    if not beside.agree(ours()[: beside.prompts], theirs(), *few):
        return ["-", row.prompts, "-", beside.prompts, "differ"]
    pairs = [
        (1e3 * seconds / row.prompts, 1e3 * loop_seconds * beside.stride / beside.prompts)
        for seconds, loop_seconds in paired_seconds(ours, theirs, row.pairs)
    ]
    fast, slow = (three_digits(statistics.median(side)) for side in zip(*pairs, strict=True))
    ratio = statistics.median(loop_time / time for time, loop_time in pairs)
    return [fast, row.prompts, slow, beside.prompts, three_digits(ratio)]


def three_digits(number: float) -> str:
    """Rounded to three digits, never written as a power of ten."""
    return f"{number:.3g}" if number < 100 else f"{number:.0f}"
