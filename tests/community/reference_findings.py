"""What is known of the shipped models on a suite, as the findings page of the site says it.

    .venv/bin/python tests/community/reference_findings.py [SUITE [zoo]]

prints each finding in Markdown, from the records and with the code that the page is made of; with `zoo` those
of the zoo beside the references, which are else left out.
"""

import sys

from icl_bench.leaderboard.entries import entries_of
from icl_bench.leaderboard.findings import findings
from icl_bench.leaderboard.findings.markdown import as_markdown
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.suites import load_suite


def reference_findings(name: str = "mini", part: str = "") -> str:
    """Of the newest suite of that name."""
    suite = load_suite(name)
    known = findings(SuiteBoard(suite, entries_of(suite, ()), True))
    of_zoo = [finding for finding in known if finding.id.startswith(f"{suite.name}-zoo")]
    return as_markdown(of_zoo if part else [finding for finding in known if finding not in of_zoo])


if __name__ == "__main__":
    print(reference_findings(*sys.argv[1:]))
