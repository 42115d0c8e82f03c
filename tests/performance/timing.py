"""Two ways to the same answers timed in one process, in turn, A B A B …, so that the machine's speed cancels.

The figure to quote is the median of the pairwise ratios; absolute times hold for one machine.
"""

import statistics
import time
from collections.abc import Callable


def paired_seconds(
    ours: Callable[[], object], theirs: Callable[[], object], pairs: int = 7
) -> list[tuple[float, float]]:
    """Seconds of ours and theirs, pair by pair, after one uncounted run of each."""
    seconds = []
    for _ in range(pairs + 1):
        start = time.perf_counter()
        ours()
        middle = time.perf_counter()
        theirs()
        seconds.append((middle - start, time.perf_counter() - middle))
    return seconds[1:]


def ratio(ours: Callable[[], object], theirs: Callable[[], object], pairs: int = 7) -> float:
    """Their time over ours: the median of pairwise ratios."""
    return statistics.median(slow / fast for fast, slow in paired_seconds(ours, theirs, pairs))
