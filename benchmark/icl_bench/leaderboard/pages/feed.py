"""The feed: what is on the boards, for those who follow them."""

from xml.etree import ElementTree

from icl_bench.charts.text import plain
from icl_bench.leaderboard import formats
from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.site import Site, SuiteBoard

PATH = "feed.xml"
_ATOM = "http://www.w3.org/2005/Atom"


def atom(site: Site, date: str, address: str) -> str:
    """Atom 1.0 (RFC 4287): an entry a model with every task, on each board, of the date of its records, or of
    all data where that is not known."""
    feed = ElementTree.Element("feed", {"xmlns": _ATOM, "xml:lang": "en"})
    _add(feed, "id", address + PATH)
    _add(feed, "title", "icl-bench results")
    _add(feed, "updated", f"{date}T00:00:00Z")
    _add(_add(feed, "author"), "name", "The icl-bench maintainers")
    _add(feed, "link", rel="self", type="application/atom+xml", href=address + PATH)
    _add(feed, "link", rel="alternate", type="text/html", href=address)
    for board in site.boards:
        for model in board.data.models:
            if model.mean is not None:
                _entry(feed, board, model, address, site.record_date(model.name) or date)
    ElementTree.indent(feed, " ")
    text: bytes = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return f"{text.decode()}\n"


def _entry(feed: ElementTree.Element, board: SuiteBoard, model: ModelData, address: str, date: str) -> None:
    assert model.graded is not None
    entry, address = _add(feed, "entry"), address + board.page("models", model.name)
    mean, suite = formats.score(model.graded.value), board.suite.name
    place = f", {model.placed}" if model.placed else ""
    _add(entry, "id", address)
    _add(entry, "title", f"{plain(model.name)} on {suite}: {mean}{place}")
    _add(entry, "updated", f"{date}T00:00:00Z")
    _add(entry, "link", rel="alternate", type="text/html", href=address)
    gains = [
        f"{task} {formats.score(result.estimates['gain'].value)}" for task, result in model.tasks.items()
    ]
    interval = f"95% interval {formats.interval(model.graded)}"
    summary = f"Mean gain on the graded tasks {mean}, {interval}. By task: {', '.join(gains)}."
    once = " A task with one training run says little of other seeds." * model.one_run
    _add(entry, "summary", summary + once)


def _add(parent: ElementTree.Element, tag: str, text: str = "", **attributes: str) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, tag, attributes)
    child.text = text or None
    return child
