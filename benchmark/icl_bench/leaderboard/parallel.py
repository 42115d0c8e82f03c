"""Pages and other files made by several processes: the same files in the same order, sooner.

Processes are forked, so that they share the board that was computed before; where there is no fork that is
safe, and for few pages, one process makes them all.
"""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from icl_bench.errors import InputError
from icl_bench.leaderboard.page import File, LaterFile, Page
from icl_bench.leaderboard.render import Renderer
from icl_bench.resources import cores
from icl_bench.workers import process_pool

WORTH_IT = 200  # pages
_AT_ONCE = 8

Work = Page | LaterFile

_work: tuple[Renderer, Sequence[Work]] | None = None  # what the processes share


def rendered(renderer: Renderer, work: Sequence[Work], long: Sequence[LaterFile] = ()) -> Iterator[File]:
    """The file of each page, and the other files; those that take long are begun first and come last."""
    global _work
    pool = _pool(len(work))
    if pool is None:
        yield from (_made(renderer, each) for each in (*work, *long))
        return
    _work = renderer, [*work, *long]
    try:
        last = pool.map(_make, range(len(work), len(work) + len(long)))
        yield from pool.map(_make, range(len(work)), chunksize=_AT_ONCE)
        yield from last
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


def _make(place: int) -> File:
    assert _work is not None
    renderer, work = _work
    return _made(renderer, work[place])


def _made(renderer: Renderer, work: Work) -> File:
    return work.file() if isinstance(work, LaterFile) else renderer.render(work)
