"""What probes say of models: which algorithm they are nearest to, and what their states and orders show."""

from collections import Counter
from collections.abc import Iterable, Iterator

from icl_bench.leaderboard.data import ModelData, ProbeData
from icl_bench.leaderboard.findings.finding import Finding, Link, listed, seeds
from icl_bench.leaderboard.formats import score, spaced
from icl_bench.leaderboard.site import SuiteBoard
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
    counts = Counter(data.label or "" for _, data in measured)
    words = [f"{name.replace('_', ' ')} for {count}" for name, count in counts.most_common()]
    distances = [data.estimate for _, data in measured]
    to_exact = [data.values[exact] for _, data in measured if exact in data.values]
    sentence = (
        f"The predictions of {len(measured)} models are nearest to {listed(words)}, at {_range(distances)} "
        f"(times 100, of the error of answering 0)."
    )
    if to_exact:
        sentence += f" To the exact predictor, {exact.replace('_', ' ')}, it is {_range(to_exact)}."
    yield Finding(
        f"{board.suite.name}-nearest-{task.replace('_', '-')}",
        f"Nearest algorithm on {spaced(task)}: {counts.most_common(1)[0][0].replace('_', ' ')}",
        sentence,
        seeds(1),
        [Link("Every model", board.page("tasks", task) + "#nearest")],
    )


def _similarity(board: SuiteBoard, task: str) -> Iterator[Finding]:
    measured = _probed(board, "gd_similarity", task)
    if not measured:
        return
    causal = [data.values["excess, causal"] for _, data in measured if "excess, causal" in data.values]
    plain = [data.estimate for _, data in measured]
    sentence = (
        "A gradient step on the examples changes hidden states as the examples themselves do by more than in "
        f"the untrained network in {_above(plain)} of {len(measured)} models: the excess cosine is "
        f"{_cosines(plain)}. Where each layer takes its step on its own loss, in {_above(causal)}, with "
        f"{_cosines(causal)}."
    )
    yield Finding(
        f"{board.suite.name}-gradient-steps-{task.replace('_', '-')}",
        f"Similarity to gradient descent on {spaced(task)}",
        sentence,
        seeds(1),
        [Link("The probe", "method.html")],
    )


def _order(board: SuiteBoard) -> Iterator[Finding]:
    """How much answers change with the order of the examples, by mixer."""
    groups: dict[str, list[float]] = {}
    for model in board.data.models:
        values = [runs[0].estimate.value for runs in model.probes.get("order", {}).values() if runs]
        known = [value for value in values if value is not None]
        if known and model.architecture is not None:
            groups.setdefault(model.architecture.family, []).append(sum(known) / len(known))
    if not groups:
        return
    words = [f"{family} ({len(values)}): {_ends(values)}" for family, values in sorted(groups.items())]
    yield Finding(
        f"{board.suite.name}-order",
        "Answers change with the order of the examples",
        "The variance of answers over orders of the same examples, times 100, of the error of answering 0, "
        f"averaged over tasks; an exact predictor has 0: {'; '.join(words)}.",
        seeds(1),
        [Link("The board", board.path)],
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
