"""Metrics that are shown as the same numbers: a page has these once."""

from collections.abc import Iterable, Sequence

from icl_bench.leaderboard.data import MetricData, TaskScores
from icl_bench.leaderboard.formats import interval, score


def groups(results: Iterable[TaskScores], metrics: Sequence[MetricData]) -> list[list[MetricData]]:
    """The metrics in order, neighbours together that all of the results show as the same numbers."""
    held = list(results)
    together: list[list[MetricData]] = []
    for metric in metrics:
        if held and together and all(same(result, together[-1][0].name, metric.name) for result in held):
            together[-1].append(metric)
        else:
            together.append([metric])
    return together


def same(result: TaskScores, first: str, second: str) -> bool:
    """Whether two metrics of a result are shown alike: both numbers and intervals."""
    return _shown(result, first) == _shown(result, second)


def _shown(result: TaskScores, metric: str) -> tuple[str, str, int | None, str | None] | None:
    estimate = result.estimates.get(metric)
    if estimate is None:
        return None
    return score(estimate.value), interval(estimate), estimate.prompts, estimate.reason
