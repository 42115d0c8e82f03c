"""A small site of fabricated results, and its pages as trees."""

from collections.abc import Iterable
from types import ModuleType
from xml.etree.ElementTree import Element

from fabricated import ADDRESS, DATE, REPOSITORY, entries
from leaderboard.site_reading import read_page

from icl_bench.leaderboard.entries import Entry
from icl_bench.leaderboard.pages import files
from icl_bench.leaderboard.render import Renderer
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.suites import load_suite


def small_site(shown: Iterable[Entry] | None = None, date: str | None = DATE) -> Site:
    """A site of mini-v1 with these entries (by default some of every kind), and of paper-v1 without any."""
    shown = entries() if shown is None else list(shown)
    boards = [SuiteBoard(load_suite("mini"), shown, True), SuiteBoard(load_suite("paper"), [], False)]
    return Site(boards, date, ADDRESS, REPOSITORY)


def other_files(site: Site) -> dict[str, bytes]:
    """What is for machines, by path: data files and badges."""
    later = [*(each.later for each in files.data_files(site)), *files.badges(site)]
    return {file.path: file.content for file in (each.file() for each in later)}


def page(site: Site, module: ModuleType, path: str) -> Element:
    """One page of a module."""
    return pages(site, module)[path]


def pages(site: Site, module: ModuleType) -> dict[str, Element]:
    """The pages of a module by path."""
    renderer = Renderer(site)
    files = [renderer.render(file) for file in module.pages(site)]
    return {file.path: read_page(file.content.decode(), file.path).root for file in files}
