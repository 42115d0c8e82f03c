"""Pages rendered by several processes: the same files in the same order, sooner.

Processes are forked, so that they share the board that was computed before; where there is no fork that is
safe, and for few pages, one process renders them all.
"""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from icl_bench.errors import InputError
from icl_bench.leaderboard.page import File, Page
from icl_bench.leaderboard.render import Renderer
from icl_bench.resources import cores
from icl_bench.workers import process_pool

WORTH_IT = 200  # pages
_AT_ONCE = 8

_work: tuple[Renderer, Sequence[Page]] | None = None  # what the processes share


def rendered(renderer: Renderer, pages: Sequence[Page]) -> Iterator[File]:
    """The file of each page."""
    global _work
    pool = _pool(len(pages))
    if pool is None:
        yield from map(renderer.render, pages)
        return
    _work = renderer, pages
    try:
        yield from pool.map(_render, range(len(pages)), chunksize=_AT_ONCE)
    finally:  # an error or interruption waits for what is under way, not for what is queued
        pool.shutdown(cancel_futures=True)
        _work = None


def _pool(pages: int) -> ProcessPoolExecutor | None:
    """Processes for so many pages; None where one does as well, or there can be no others."""
    if sys.platform != "linux" or pages < WORTH_IT or cores() == 1:
        return None
    try:
        return process_pool(cores(), "fork")
    except InputError:
        return None


def _render(place: int) -> File:
    assert _work is not None
    renderer, pages = _work
    return renderer.render(pages[place])
