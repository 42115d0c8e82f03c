"""Labels at the right end of the curves, moved apart."""

from collections.abc import Sequence
from itertools import accumulate, pairwise

from icl_bench.charts.series import Number, Numbers


def spread(
    wanted: Numbers, extents: Sequence[tuple[Number, Number]], top: Number, bottom: Number
) -> list[float]:
    """Heights for labels, in the order given, as near as possible to the wanted ones.

    A label takes `extents` (above, below) of its height; none overlap and all are between `top` and `bottom`,
    if they fit. With each label's distance to the first taken off, that is the isotonic regression of the
    wanted heights, cut at the ends: the least sum of squared moves.
    """
    if not wanted:
        return []
    steps = [low[1] + high[0] for low, high in pairwise(extents)]
    offsets = list(accumulate(steps, initial=0.0))
    blocks: list[tuple[float, int]] = []  # (sum, count) of those that touch
    for height, offset in zip(wanted, offsets, strict=True):
        total, count = height - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / count:
            total, count = total + blocks[-1][0], count + blocks[-1][1]
            blocks.pop()
        blocks.append((total, count))
    first, last = top + extents[0][0], bottom - extents[-1][1] - offsets[-1]
    moved = [total / count for total, count in blocks for _ in range(count)]
    return [max(first, min(last, place)) + offset for place, offset in zip(moved, offsets, strict=True)]


def total_height(extents: Sequence[tuple[Number, Number]]) -> Number:
    """What labels take when they touch."""
    return sum(above + below for above, below in extents)
