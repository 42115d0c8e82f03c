"""What probes say of models: which algorithm they are nearest to, and what their states and orders show."""

from collections import Counter
from collections.abc import Iterable, Iterator

from icl_bench.leaderboard.data import ModelData, ProbeData
from icl_bench.leaderboard.findings.finding import Finding, Link, listed, seeds
from icl_bench.leaderboard.formats import score, spaced
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.probes.nearest_algorithm import MARGIN
from icl_bench.specs.result import Estimate

Probed = list[tuple[ModelData, ProbeData]]


def probe_findings(board: SuiteBoard) -> Iterator[Finding]:
    """Of every task that models were probed on, the first seed of each."""
    for task in board.suite.tasks:
        yield from _nearest(board, task)
    for task in board.suite.tasks:
        yield from _similarity(board, task)
    yield from _order(board)


def _probed(board: SuiteBoard, probe: str, task: str) -> Probed:
    known = [(model, model.probes.get(probe, {}).get(task, [])) for model in board.data.models]
    return [(model, findings[0]) for model, findings in known if findings]


def _nearest(board: SuiteBoard, task: str) -> Iterator[Finding]:
    measured = _probed(board, "nearest_algorithm", task)
    if not measured:
        return
    exact = board.suite.task(task).exact
    sure: list[ProbeData] = [data for _, data in measured if _margin(data) > 0]
    counts = Counter(data.label or "" for data in sure)
    words = [f"{_named(name)} for {count}" for name, count in counts.most_common()]
    sentence = (
        f"Nearest to the predictions of {len(measured)} models: {listed(words) if words else 'none alone'}"
    )
    if len(sure) < len(measured):
        sentence += f"; of {len(measured) - len(sure)} the nearest two cannot be told apart"
    distances = [data.estimate for _, data in measured]
    sentence += f". The mean squared difference is {_range(distances)}% of the error of answering 0"
    to_exact = [data.values[exact] for _, data in measured if exact in data.values]
    if to_exact and set(counts) != {exact}:
        sentence += f"; from the exact predictor, {_named(exact)}, it is {_range(to_exact)}%"
    first = [_named(name) for name, _ in counts.most_common(2)]
    yield Finding(
        f"{board.suite.name}-nearest-{task.replace('_', '-')}",
        f"Nearest algorithm on {spaced(task)}: {listed(first) if first else 'not told apart'}",
        f"{sentence}.",
        seeds(1),
        [Link("Every model", board.page("tasks", task) + "#nearest")],
    )


def _margin(data: ProbeData) -> float:
    """The lower end of how much farther the second nearest is."""
    ends = [value.low for name, value in data.values.items() if name.startswith(MARGIN)]
    return next((end for end in ends if end is not None), 0.0)


def _named(algorithm: str) -> str:
    """As `ridge (0.01)` and `gradient descent (10)`."""
    name, _, number = algorithm.rpartition("_")
    return f"{name.replace('_', ' ')} ({number})" if number[:1].isdecimal() else algorithm.replace("_", " ")


def _similarity(board: SuiteBoard, task: str) -> Iterator[Finding]:
    measured = _probed(board, "gd_similarity", task)
    if not measured:
        return

    def cosines(name: str) -> list[Estimate]:
        return [data.values[name] for _, data in measured if name in data.values]

    def words(variant: str) -> str:
        trained, untrained = (_cosines(cosines(name + variant)) for name in ("trained", "untrained"))
        above = _above(cosines("excess" + variant))
        return (
            f"{trained} in trained and {untrained} in untrained networks, more when trained in {above} of "
            f"{len(measured)}"
        )

    yield Finding(
        f"{board.suite.name}-gradient-steps-{task.replace('_', '-')}",
        f"Similarity to gradient descent on {spaced(task)}",
        "The cosine of the changes that the examples and a gradient step on them bring to hidden states is "
        f"{words('')}. Where each layer takes its step on its own loss it is {words(', causal')}.",
        seeds(1),
        [Link("Every number (CSV)", f"data/{board.suite.name}-probes.csv")],
    )


def _order(board: SuiteBoard) -> Iterator[Finding]:
    """How much answers change with the order of the examples, by task and mixer."""
    rows = []
    for task in board.suite.tasks:
        groups: dict[str, list[Estimate]] = {}
        for model, data in _probed(board, "order", task):
            if model.architecture is not None:
                groups.setdefault(model.architecture.family, []).append(data.estimate)
        rows += [
            (spaced(task), family, str(len(found)), _range(found)) for family, found in sorted(groups.items())
        ]
    if not rows:
        return
    yield Finding(
        f"{board.suite.name}-order",
        "How much answers change with the order of the examples",
        "The variance of answers over orders of the same examples, at the longest context, in % of the error "
        "of answering 0. An exact predictor has 0.",
        seeds(1),
        [Link("Every number (CSV)", f"data/{board.suite.name}-probes.csv")],
        [("Task", "Mixer", "Models", "Variance"), *rows],
    )


def _above(estimates: Iterable[Estimate]) -> int:
    """How many are above 0 by their intervals."""
    return sum(estimate.low is not None and estimate.low > 0 for estimate in estimates)


def _range(estimates: list[Estimate]) -> str:
    return _ends([estimate.value for estimate in estimates if estimate.value is not None])


def _ends(values: list[float]) -> str:
    low, high = score(min(values)), score(max(values))
    return low if low == high else f"{low} to {high}"


def _cosines(estimates: list[Estimate]) -> str:
    values = [estimate.value for estimate in estimates if estimate.value is not None]
    return f"{min(values):.2f} to {max(values):.2f}".replace("-", "−")
