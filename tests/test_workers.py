"""Processes that work side by side, and machines where there can be none."""

from multiprocessing import synchronize

import fabricated
import pytest
from raising import raises
from typer.testing import CliRunner

from icl_bench.cli import app
from icl_bench.errors import InputError
from icl_bench.leaderboard import parallel
from icl_bench.leaderboard.page import File, Page
from icl_bench.leaderboard.render import Renderer
from icl_bench.leaderboard.site import Site
from icl_bench.workers import worker_pool


@pytest.fixture
def _no_shared_memory(monkeypatch):
    """As where /dev/shm is mounted read-only."""

    class Refused:
        def __init__(self, *arguments):
            raise OSError(30, "Read-only file system")

    monkeypatch.setattr(synchronize._multiprocessing, "SemLock", Refused)


@pytest.mark.usefixtures("_no_shared_memory")
def test_a_pool_that_cannot_be_is_one_line():
    with (
        raises(InputError, "no-processes", naming=("Read-only file system", "/dev/shm")),
        worker_pool(),
    ):
        pytest.fail("there is a pool")
    done = CliRunner().invoke(app, ["baselines", "verify", "mini", "--baseline", "zero", "--prompts", "1"])
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "Read-only file system" in done.stderr


@pytest.mark.usefixtures("_no_shared_memory")
def test_pages_are_rendered_by_one_process_where_there_can_be_no_others(monkeypatch):
    monkeypatch.setattr(parallel, "cores", lambda: 2)
    monkeypatch.setattr(Renderer, "render", lambda self, page: File(page.path, b"made"))
    renderer = Renderer(Site([], None, fabricated.ADDRESS, None))
    pages = [Page(f"{place}.html", "none", "", "") for place in range(parallel.WORTH_IT)]
    assert [file.path for file in parallel.rendered(renderer, pages)] == [page.path for page in pages]
