"""Findings as Markdown, as a page of the repository shows them."""

from collections.abc import Sequence
from textwrap import fill

from icl_bench.display.text_table import text_table
from icl_bench.leaderboard.findings.finding import Finding

WIDTH = 118


def as_markdown(findings: Sequence[Finding]) -> str:
    """A heading, the sentence with its status, and the table of each."""
    return "\n\n".join(_finding(finding) for finding in findings)


def _filled(text: str) -> str:
    """In lines; names with hyphens stay whole."""
    return fill(text, WIDTH, break_on_hyphens=False)


def _finding(finding: Finding) -> str:
    parts = [f"### {finding.title}", _filled(f"*{finding.status}*: {finding.sentence}")]
    if finding.table:
        head, *rows = finding.table
        parts.append(text_table(rows, head, tablefmt="github"))
    return "\n\n".join(parts)
