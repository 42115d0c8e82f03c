"""What verbs that evaluate say at their end: where records are, and what they are not."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from icl_bench.records.keep import Kept
    from icl_bench.suites import Suite


def where_kept(kept: "Kept", of: str = "") -> str:
    """The line that says where a record is."""
    return f"record{of}: {kept.path}" + (f" ({kept.note})" if kept.note else "")


def refuse_lost(records: "Sequence[Kept | None]") -> None:
    """Raise, once all is printed, what kept a record from its place; it says where the record is."""
    for kept in records:
        if kept is not None and kept.fault is not None:
            raise kept.fault


def unicode_terminal() -> bool:
    """Whether standard output takes bars."""
    return "utf" in (sys.stdout.encoding or "").lower()


def print_doubts(doubts: "Sequence[str]", model: str = "") -> None:
    """On standard error, a line for whatever makes a result doubtful."""
    sign = "⚠" if "utf" in (getattr(sys.stderr, "encoding", None) or "").lower() else "!"
    for doubt in doubts:
        typer.echo(f"{sign} {model and model + ', '}{doubt}", err=True)


def quick_look(prompts: int, suite: "Suite") -> str | None:
    """The line for a record of fewer prompts than the suite has."""
    if prompts == suite.spec.prompts:
        return None
    return f"a quick look at {prompts:,} of {suite.spec.prompts:,} prompts: not a board's number"
