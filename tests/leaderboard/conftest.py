"""A site filled with results that no model has: built once a session, served, and seen by a browser."""

import os
from collections.abc import Iterator
from pathlib import Path

import fabricated
import pytest
from filelock import FileLock
from leaderboard.browsing import installed, launched, seeing, serving
from leaderboard.designed import designed_entries
from leaderboard.site_reading import Document, read_site
from playwright.sync_api import Browser, Page
from site_pages import small_site

from icl_bench.leaderboard.entries import Entry
from icl_bench.leaderboard.links import MISSING_PAGE

WITHOUT = "ICL_BENCH_NO_BROWSER"


@pytest.fixture(scope="session")
def entries() -> list[Entry]:
    """What is recorded."""
    return fabricated.entries()


@pytest.fixture(scope="session")
def site_folder(entries, tmp_path_factory, worker_id) -> Path:
    """The site's files, of which the first process of a test run that needs them builds one for all."""
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent  # that of all workers
    folder = shared / "leaderboard-site"
    with FileLock(shared / "leaderboard-site.lock"):
        if not folder.exists():
            fabricated.build(folder, entries)  # which is there as a whole or not at all
    return folder


@pytest.fixture(scope="session")
def documents(site_folder) -> dict[str, Document]:
    """Every page by its path, parsed; a page that is not HTML as the standard has it fails here. The page for
    what is missing is left out: it is given at any address, and links from the root of the site's."""
    return {path: page for path, page in read_site(site_folder).items() if path != MISSING_PAGE}


@pytest.fixture(scope="module")
def address(site_folder) -> Iterator[str]:
    """Where the site is served."""
    with serving(site_folder) as at:
        yield at


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One headless Chromium for all tests of a file."""
    if os.environ.get(WITHOUT):
        pytest.skip(f"{WITHOUT} is set")
    try:
        installed()
    except FileNotFoundError as error:
        pytest.fail(f"{error}, or set {WITHOUT}=1 to leave these tests out")
    with launched() as launched_browser:
        yield launched_browser


@pytest.fixture
def page(browser, address) -> Iterator[Page]:
    """A page of the site at a desktop's size."""
    with seeing(browser, address, viewport={"width": 1440, "height": 900}) as opened:
        yield opened


@pytest.fixture(scope="module")
def rope_harms():
    """A site where RoPE makes every task worse."""
    return small_site(designed_entries({"rope": 0.06}))


@pytest.fixture(scope="module")
def rope_helps():
    """The same with learned positions worse, from one training run a model."""
    return small_site(designed_entries({"rope": -0.01}, seeds=1))
