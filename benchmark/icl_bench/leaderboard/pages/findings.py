"""What is known: every finding of every suite, with its numbers, its evidence and an address to cite."""

from collections.abc import Iterator

from icl_bench.leaderboard.findings import findings
from icl_bench.leaderboard.page import Page
from icl_bench.leaderboard.site import Site


def pages(site: Site) -> Iterator[Page]:
    """One page; suites without results are left out."""
    known = [(board, findings(board)) for board in site.boards]
    yield Page(
        "findings.html",
        "findings.html",
        "Findings",
        "What the recorded results say of in-context learning, how sure each claim is, and how to cite it.",
        {"suites": [(board, claims) for board, claims in known if claims]},
    )
