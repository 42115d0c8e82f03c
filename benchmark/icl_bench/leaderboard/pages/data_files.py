"""The page of the data files: what each holds, how large it is, the licence, and how to cite."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from typing import Any

from icl_bench.leaderboard.page import Page
from icl_bench.leaderboard.pages import changelog, files
from icl_bench.leaderboard.site import Site

TITLE = "icl-bench: a benchmark of in-context learning"
AUTHORS = "The icl-bench maintainers"
LICENCE = "Apache-2.0"


def pages(site: Site) -> Iterator[Page]:
    """The one page; it makes every file to say how large it is."""
    yield page(site)


def page(site: Site, sizes: Mapping[str, int] | None = None) -> Page:
    """The page, given the bytes of each file by its path where they are known."""
    return Page(
        "data.html",
        "data.html",
        "Data",
        "The numbers of the boards as JSON and CSV, a feed, badges, the licence, and how to cite.",
        partial(_context, site, sizes),
    )


def _context(site: Site, sizes: Mapping[str, int] | None) -> dict[str, Any]:
    listed = list(files.data_files(site))
    sizes = sizes or {each.later.path: len(each.later.file().content) for each in listed}
    return {
        "downloads": [(each.later.path, sizes[each.later.path], each.about) for each in listed],
        "columns": _of_all([files.columns(board.data) for board in site.boards]),
        "run_columns": _of_all([files.run_columns(board.data) for board in site.boards]),
        "curve_columns": _of_all([files.curve_columns(board) for board in site.boards]),
        "change_columns": changelog.COLUMNS,
        "badge": _badge(site),
        "bibtex": bibtex(site),
        "licence": LICENCE,
    }


def _of_all(columns: Sequence[dict[str, str]]) -> dict[str, str]:
    """The columns of all tables of a kind, those that single suites have last."""
    return {name: about for each in columns for name, about in each.items()}


def bibtex(site: Site) -> str:
    """How to cite, after CITATION.cff."""
    fields = {
        "author": "{" + AUTHORS + "}",
        "title": "{" + TITLE + "}",
        "version": version("icl-bench"),
        "license": LICENCE,
    }
    if site.date is not None:
        fields["year"] = site.date[:4]
    if address := site.repository or site.address:
        fields["url"] = address
    lines = [f"  {key} = {{{value}}}," for key, value in fields.items()]
    return "\n".join(["@software{icl_bench,", *lines, "}"])


def _badge(site: Site) -> dict[str, str] | None:
    """The badge of the first model that has one, as an example."""
    for board in site.boards:
        for model in board.data.models:
            path = files.badge_path(board, model.name)
            address = site.address or ""
            page = address + board.page("models", model.name)
            words = f"icl-bench {board.suite.name}: {files.badge_value(board.data, model)}"
            markdown = f"[![icl-bench {board.suite.name}]({address}{path})]({page})"
            return {"path": path, "words": words, "markdown": markdown, "model": model.name}
    return None
