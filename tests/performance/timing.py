"""Two ways to the same answers timed in one process, in turn, A B A B …, so that the machine's speed cancels.

The figure to quote is the median of the pairwise ratios; absolute times hold for one machine.
"""

import statistics
import time
from collections.abc import Callable


def paired_seconds(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    pairs: int = 7,
    clock: Callable[[], float] = time.perf_counter,
) -> list[tuple[float, float]]:
    """Seconds of ours and theirs by a clock, pair by pair, after one uncounted run of each."""
    seconds = []
    for _ in range(pairs + 1):
        start = clock()
        ours()
        middle = clock()
        theirs()
        seconds.append((middle - start, clock() - middle))
    return seconds[1:]


def ratio(ours: Callable[[], object], theirs: Callable[[], object], pairs: int = 7) -> float:
    """Their time over ours: the median of pairwise ratios."""
    return statistics.median(slow / fast for fast, slow in paired_seconds(ours, theirs, pairs))
