"""Boards of few models, and the rows of a board on a page."""

import fabricated
from leaderboard.site_reading import text

from icl_bench.leaderboard.entries import Entry
from icl_bench.specs.division import CLOSED


def rows(document) -> dict:
    """The rows of a board by the name of their model."""
    return rows_of(document.root)


def rows_of(root) -> dict:
    """The same of a tree."""
    (table,) = [element for element in root.iter("table") if "board" in element.get("class", "")]
    bodies = [row for body in table.iter("tbody") for row in body.iter("tr")]
    return {next(cell for cell in row if cell.tag == "th").get("data-v"): row for row in bodies}


def entry(name: str, *seeds: int, share: float = 0.2) -> Entry:
    """A model of one run a seed, all of one division."""
    return Entry(name, [fabricated.record(name, share, seed=seed) for seed in seeds], division=CLOSED)


def placed_entries() -> list[Entry]:
    """Two near twins and one that is far behind, of three runs each, and two models with fewer."""
    near, seeds = 0.01, (0, 1, 2)
    return [
        entry("reference/llama", *seeds, share=near),
        entry("reference/gpt2", *seeds, share=near),
        entry("ana/far", *seeds, share=0.5),
        entry("ana/two", 0, 1, share=near / 2),
        entry("ana/one", 0),
    ]


def headings(document) -> list[str]:
    """Those of the columns of a board."""
    (table,) = [element for element in document.iter("table") if "board" in element.get("class", "")]
    return [text(cell) for cell in table.iter("th") if cell.get("scope") == "col"]
