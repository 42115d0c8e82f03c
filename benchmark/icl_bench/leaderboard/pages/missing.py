"""The page that stands for those that are not there."""

from collections.abc import Iterator

from icl_bench.leaderboard.links import MISSING_PAGE
from icl_bench.leaderboard.page import Page
from icl_bench.leaderboard.site import Site


def pages(site: Site) -> Iterator[Page]:
    """One; a server gives it at any address, so its links begin at the site's root."""
    yield Page(MISSING_PAGE, "missing.html", "No such page", "Nothing stands at this address.", anywhere=True)
