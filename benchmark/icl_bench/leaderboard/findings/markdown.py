"""Findings as Markdown, as a page of the repository shows them."""

from collections.abc import Sequence
from textwrap import fill

from tabulate import tabulate

from icl_bench.leaderboard.findings.finding import Finding

WIDTH = 118


def as_markdown(findings: Sequence[Finding]) -> str:
    """A heading, the sentence with its status, and the table of each."""
    return "\n\n".join(_finding(finding) for finding in findings)


def _finding(finding: Finding) -> str:
    parts = [f"### {finding.title}", fill(f"*{finding.status}*: {finding.sentence}", WIDTH)]
    if finding.table:
        head, *rows = finding.table
        parts.append(tabulate(rows, headers=list(head), tablefmt="github", disable_numparse=True))
    return "\n\n".join(parts)
