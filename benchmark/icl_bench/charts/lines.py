"""From points in pixels to what is drawn of them: inside the frame, with gaps, with a few markers."""

from collections.abc import Sequence
from itertools import groupby, pairwise

from icl_bench.charts.series import Number

Point = tuple[Number, Number]


def runs(points: Sequence[Point | None]) -> list[list[Point]]:
    """The stretches between gaps."""
    parts = [
        [point for point in part if point] for _, part in groupby(points, key=lambda point: point is None)
    ]
    return [part for part in parts if part]


def inside(run: Sequence[Point], top: Number, bottom: Number) -> list[list[Point]]:
    """The stretches of a line between two heights, cut exactly where it crosses them."""
    cut = [point if top <= point[1] <= bottom else None for point in crossed(run, top, bottom)]
    return runs(cut)


def clamped(run: Sequence[Point], top: Number, bottom: Number) -> list[Point]:
    """A line with what is above `top` or below `bottom` laid onto them."""
    return [(x, max(top, min(bottom, y))) for x, y in crossed(run, top, bottom)]


def crossed(run: Sequence[Point], top: Number, bottom: Number) -> list[Point]:
    """A line with the points added at which it crosses the two heights."""
    points = list(run[:1])
    for (x0, y0), (x1, y1) in pairwise(run):
        for edge in sorted((top, bottom), reverse=y1 < y0):
            if (y0 - edge) * (y1 - edge) < 0:
                points.append((x0 + (edge - y0) / (y1 - y0) * (x1 - x0), edge))
        points.append((x1, y1))
    return points


def marked(points: Sequence[Point], start: Number, end: Number, count: int, shift: float) -> list[Point]:
    """About `count` of the points, evenly apart from `start` to `end`.

    `shift`, from 0 to 1, moves them by a part of their distance, so that markers of two curves do not meet.
    """
    places = [start + (k + 0.2 + 0.8 * shift) * (end - start) / count for k in range(count)]
    nearest = [min(points, key=lambda point: abs(point[0] - place)) for place in places if points]
    return list(dict.fromkeys(nearest))
