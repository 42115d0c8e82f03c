"""A site that is served, and a page of it in a browser that notes whatever goes wrong."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from icl_bench.leaderboard.serve import server

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
COLOURS = "color-contrast"  # the rule of axe that depends on the scheme
LEFT = "net::ERR_ABORTED"  # the page was left before the icon had come


def installed() -> str:
    """The path of a Chromium; FileNotFoundError where there is none."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        raise FileNotFoundError(
            f"no Chromium ({', '.join(BROWSERS)}) is on PATH; install one, on Debian with "
            "`apt-get install chromium`"
        )
    return executable


@contextmanager
def launched() -> Iterator[Browser]:
    """A headless Chromium, the one that is installed."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed())
        yield browser
        browser.close()


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


@contextmanager
def seeing(browser: Browser, address: str, **options) -> Iterator[Page]:
    """A page of the site in a session of its own; what it does wrong meanwhile fails the test."""
    context = browser.new_context(base_url=address, **options)
    context.set_default_timeout(10_000)
    page, wrong = context.new_page(), []
    page.on(
        "console",
        lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda asked: wrong.append(asked.url) if asked.failure != LEFT else None)
    own = (address, f"blob:{address}")
    page.on("request", lambda asked: None if asked.url.startswith(own) else wrong.append(asked.url))
    page.on("response", lambda got: wrong.append(f"{got.url}: {got.status}") if got.status >= 400 else None)
    page.on("dialog", lambda dialog: (wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))
    try:
        yield page
    finally:
        context.close()
    assert wrong == []


def violations(page: Page, path: str, **options) -> list:
    """What axe finds on a page, of any level, of what a program can check: names of controls, tables,
    landmarks, contrast, good practice."""
    faults = Axe().run(page, options={"resultTypes": ["violations"], **options}).response["violations"]
    return [
        (path, violation["id"], violation["help"], [node["html"][:200] for node in violation["nodes"][:3]])
        for violation in faults
    ]


def unfold(page: Page, which: str = "details") -> None:
    """Open what is folded."""
    page.locator(which).evaluate_all("found => found.forEach((one) => (one.open = true))")
