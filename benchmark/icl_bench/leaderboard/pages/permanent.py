"""The permanent address of the board that the site opens with: `/<suite>/`, as every other board has."""

from collections.abc import Iterator
from dataclasses import replace

from icl_bench.leaderboard.links import FRONT_PAGE
from icl_bench.leaderboard.page import Page
from icl_bench.leaderboard.pages import boards
from icl_bench.leaderboard.site import Site


def pages(site: Site) -> Iterator[Page]:
    """The front page once more; another suite may become what the site opens with, this stays."""
    for board in site.boards:
        if board.front:
            (page,) = [page for page in boards.pages(site) if page.path == board.path]
            yield replace(page, path=f"{board.suite.name}/{FRONT_PAGE}", title=f"Board of {board.suite.name}")
