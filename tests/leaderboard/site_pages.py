"""A small site of fabricated results, and its pages as trees."""

import re
from collections.abc import Iterable
from html.parser import HTMLParser
from xml.etree import ElementTree

from fabricated import ADDRESS, DATE, REPOSITORY, entries

from icl_bench.leaderboard.entries import Entry
from icl_bench.leaderboard.render import Renderer
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.suites import load_suite

_VOID = {"meta", "link", "img", "input", "wbr", "br"}


def small_site(found: Iterable[Entry] | None = None, date: str | None = DATE) -> Site:
    """A site of mini-v1 with these entries (by default some of every kind), and of paper-v1 without any."""
    found = entries() if found is None else list(found)
    boards = [SuiteBoard(load_suite("mini"), found, True), SuiteBoard(load_suite("paper"), [], False)]
    return Site(boards, date, ADDRESS, REPOSITORY)


def page(site: Site, module, path: str) -> ElementTree.Element:
    """One page of a module."""
    return pages(site, module)[path]


def pages(site: Site, module) -> dict[str, ElementTree.Element]:
    """The pages of a module by path."""
    renderer = Renderer(site)
    return {one.path: parsed(renderer.render(one).content.decode()) for one in module.pages(site)}


def parsed(text: str) -> ElementTree.Element:
    """A page as a tree; an error where tags do not match."""
    builder = _Builder()
    builder.feed(text)
    builder.close()
    return builder.tree.close()


def texts(tree: ElementTree.Element) -> str:
    """All that a tree says, in one line."""
    return re.sub(r"\s+", " ", " ".join(tree.itertext()))


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tree, self.open = ElementTree.TreeBuilder(), []

    def handle_starttag(self, tag, attributes) -> None:
        self.tree.start(tag, {name: value or "" for name, value in attributes})
        if tag in _VOID:
            self.tree.end(tag)
        else:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes) -> None:
        self.tree.start(tag, dict(attributes))
        self.tree.end(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes nothing"
        self.tree.end(tag)

    def handle_data(self, data) -> None:
        if self.open:
            self.tree.data(data)
