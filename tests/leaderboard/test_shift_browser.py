"""What the pages say of shifts, probes and condition numbers in a browser: axe reads recorded results."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from leaderboard.browsing import COLOURS, seeing, serving, unfold, violations

from icl_bench.leaderboard.entries import recorded_entries
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.leaderboard.write import write_site
from icl_bench.suites import load_suite

pytestmark = pytest.mark.slow

NAMES = ("reference/gpt2", "reference/mamba")
PAGES = {
    "a model with shifts and probes": "mini-v1/models/reference__mamba.html",
    "a model on the board of shifts": "mini-shifts-v1/models/reference__gpt2.html",
    "the board of shifts": "mini-shifts-v1/index.html",
    "a task with nearest algorithms": "mini-v1/tasks/linear_regression.html",
    "a shifted task": "mini-shifts-v1/tasks/linear_noise.html",
    "depth and loops": "mini-conditioning-v1/depth.html",
    "findings": "findings.html",
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Iterator[str]:
    """Where the boards of three suites are served, two of them with two references."""
    folder: Path = tmp_path_factory.mktemp("recorded") / "site"
    boards = []
    for name in ("mini", "mini-shifts", "mini-conditioning"):
        suite = load_suite(name)
        known = recorded_entries(suite, [])
        entries = [entry for entry in known if entry.name in NAMES] or known
        boards.append(SuiteBoard(suite, entries, front=name == "mini"))
    write_site(Site(boards, "2026-11-29", None, None), folder, quiet=True)
    with serving(folder) as address:
        yield address


@pytest.mark.parametrize("kind", PAGES)
def test_axe_finds_nothing_in_either_scheme(browser, recorded, kind):
    with seeing(browser, recorded) as page:
        answer = page.goto(PAGES[kind])
        assert answer is not None
        assert answer.ok
        unfold(page)
        assert violations(page, kind) == []
        page.emulate_media(color_scheme="dark")
        assert violations(page, kind, runOnly=[COLOURS]) == []
