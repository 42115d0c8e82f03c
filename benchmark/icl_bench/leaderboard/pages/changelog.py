"""What changed: suites, the board, and its rows, the newest of which are listed; all are in a CSV file."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from typing import Any

from icl_bench.leaderboard.changes import Change, Kind, changes
from icl_bench.leaderboard.page import Page
from icl_bench.leaderboard.site import Site, SuiteBoard

ROWS = 100  # of the page
COLUMNS = {
    "suite": "name and version",
    "kind": "added: a row that is new; superseded: a run that another one of its seed replaced; moved: what "
    "replaced runs changed in the order of rows",
    "date": "the day of the commit that recorded it; empty where that is not known",
    "model": "its name, as commands know it",
    "seed": "of the replaced run",
    "task": "of the replaced run",
    "before": "optimality of the replaced run",
    "now": "optimality of the run of the same seed that the board counts",
    "position_before": "1 and how many models had a higher mean optimality, with the replaced runs in place "
    "of those of now",
    "position_now": "the same with those of now",
    "reason": "why the run was replaced",
}


@dataclass
class ChangedRow:
    """What changed of a row on one day for one reason: one line of the page."""

    kind: Kind
    date: str | None
    model: str
    reason: str
    seed: int | None
    changes: list[Change] = field(default_factory=list)


def pages(site: Site) -> Iterator[Page]:
    """The one page."""
    yield Page(
        "changelog.html",
        "changelog.html",
        "Changelog",
        "What changed in the suites, on the board, and among its rows.",
        partial(_context, site),
    )


def _context(site: Site) -> dict[str, Any]:
    shown = []
    for board in site.boards:
        rows = changed_rows(changes(site, board))
        if rows:
            shown.append((board, rows[:ROWS], len(rows), path(board)))
    return {"frozen": [(board, board.data) for board in site.boards], "rows": shown}


def path(board: SuiteBoard) -> str:
    """The CSV file of all changes of a board's rows."""
    return f"data/{board.suite.name}-changes.csv"


def changed_rows(known: Sequence[Change]) -> list[ChangedRow]:
    """Changes of one row that belong together, in their order."""
    rows: dict[tuple[Any, ...], ChangedRow] = {}
    for change in known:
        key = (change.kind, change.date, change.model, change.reason, change.seed)
        rows.setdefault(key, ChangedRow(*key)).changes.append(change)
    return list(rows.values())


def changes_csv(site: Site, board: SuiteBoard) -> str:
    """Every change of a board's rows: numbers in full, empty where there is none."""
    table = io.StringIO()
    writer = csv.DictWriter(table, ["suite", *(each.name for each in fields(Change))], lineterminator="\n")
    writer.writeheader()
    writer.writerows({"suite": board.suite.name} | asdict(change) for change in changes(site, board))
    return table.getvalue()
