"""A site filled with results that no model has: built once a session, served, and seen by a browser."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fabricated
import pytest
from leaderboard.site_reading import Document, read_site
from playwright.sync_api import Browser, Page, sync_playwright

from icl_bench.leaderboard.entries import Entry
from icl_bench.leaderboard.serve import server

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LEFT = "net::ERR_ABORTED"  # the page was left before the icon had come
WITHOUT = "ICL_BENCH_NO_BROWSER"


@pytest.fixture(scope="session")
def entries() -> list[Entry]:
    """What is recorded."""
    return fabricated.entries()


@pytest.fixture(scope="session")
def site_folder(entries, tmp_path_factory) -> Path:
    """The site's files."""
    folder = tmp_path_factory.mktemp("leaderboard") / "site"
    fabricated.build(folder, entries)
    return folder


@pytest.fixture(scope="session")
def documents(site_folder) -> dict[str, Document]:
    """Every page by its path, parsed; a page that is not HTML as the standard has it fails here."""
    return read_site(site_folder)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address at which a folder is served meanwhile; it ends in /."""
    running = server(folder, 0)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}/"
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


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
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.fail(
            f"no Chromium ({', '.join(BROWSERS)}) is on PATH; install one, on Debian with "
            f"`apt-get install chromium`, or set {WITHOUT}=1 to leave these tests out"
        )
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found)
        yield launched
        launched.close()


@contextmanager
def seeing(browser: Browser, address: str, **options) -> Iterator[Page]:
    """A page of the site in a session of its own; what it does wrong meanwhile fails the test."""
    context = browser.new_context(base_url=address, **options)
    context.set_default_timeout(10_000)
    page, wrong = context.new_page(), []
    page.on("console", lambda told: wrong.append(told.text) if told.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda asked: wrong.append(asked.url) if asked.failure != LEFT else None)
    page.on("request", lambda asked: None if asked.url.startswith(address) else wrong.append(asked.url))
    page.on("response", lambda got: wrong.append(f"{got.url}: {got.status}") if got.status >= 400 else None)
    page.on("dialog", lambda dialog: (wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))
    yield page
    context.close()
    assert wrong == []


@pytest.fixture
def page(browser, address) -> Iterator[Page]:
    """A page of the site at a desktop's size."""
    with seeing(browser, address, viewport={"width": 1440, "height": 900}) as opened:
        yield opened
