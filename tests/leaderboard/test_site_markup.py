"""What holds for the markup of every page."""

import re
from itertools import pairwise

import pytest
from leaderboard.site_reading import SVG, text

pytestmark = pytest.mark.slow

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'"
)
HOLDING = {  # what an element may hold and nothing else
    "ul": {"li"},
    "ol": {"li"},
    "dl": {"dt", "dd"},
    "table": {"caption", "thead", "tbody"},
    "thead": {"tr"},
    "tbody": {"tr"},
    "tr": {"th", "td"},
    "select": {"option"},
}
PHRASING = {
    "a",
    "abbr",
    "b",
    "button",
    "code",
    "em",
    "i",
    "img",
    "input",
    "label",
    "output",
    "select",
    "span",
}
PHRASING |= {"strong", "sub", "sup", "time", "var", "wbr"}
ONLY_PHRASING = {
    "p",
    "h1",
    "h2",
    "h3",
    "a",
    "span",
    "b",
    "strong",
    "em",
    "code",
    "summary",
    "label",
    "button",
}
EVERYWHERE = {"id", "class", "hidden", "role", "tabindex", "lang"}
ATTRIBUTES = {
    "meta": {"charset", "content", "http-equiv", "name", "property"},
    "link": {"href", "rel", "type", "title"},
    "script": {"src", "defer"},
    "a": {"href", "rel"},
    "li": {"value"},
    "details": {"open"},
    "form": {"autocomplete"},
    "select": {"name"},
    "option": {"value", "selected"},
    "input": {"type", "name", "checked", "value", "placeholder", "autocomplete"},
    "button": {"type"},
    "th": {"scope", "rowspan", "colspan"},
    "td": {"rowspan", "colspan"},
    "time": {"datetime"},
    "img": {"src", "alt", "width", "height"},
}
INTERACTIVE = {"a", "button", "input", "select", "label", "summary"}
REFERRING = ("aria-labelledby", "aria-describedby", "aria-controls", "for", "headers", "list")


def test_each_page_has_a_language_a_title_a_description_and_one_heading(documents):
    titles = {}
    for path, page in documents.items():
        assert page.source.startswith("<!doctype html>\n"), path
        assert page.root.get("lang") == "en", path
        (title,) = [element for element in page.all("title") if text(element)]
        titles.setdefault(text(title), []).append(path)
        names = {element.get("name"): element.get("content") for element in page.all("meta")}
        assert names["description"], path
        assert names["viewport"] == "width=device-width, initial-scale=1", path
        assert len(page.all("h1")) == 1, path
        assert len(page.all("main")) == 1, path
    assert [paths for paths in titles.values() if len(paths) > 1] == []


def test_each_page_forbids_what_it_does_not_need(documents):
    """The policy comes before anything that it could stop."""
    for path, page in documents.items():
        (policy,) = [
            element for element in page.all("meta") if element.get("http-equiv") == "Content-Security-Policy"
        ]
        assert policy.get("content") == POLICY, path
        loading = [element for element in page.elements if element.tag in ("link", "script", "img")]
        assert page.elements.index(policy) < page.elements.index(loading[0]), path


def test_nothing_is_inline(documents):
    for path, page in documents.items():
        (script,) = [element for element in page.elements if element.tag in ("script", f"{SVG}script")]
        assert script.get("src"), path
        assert not text(script), path
        assert not page.all("style"), path
        assert not page.all(f"{SVG}style"), path
        names = {name for element in page.elements for name in element.attrib}
        assert not {name for name in names if name == "style" or name.startswith("on")}, path


def test_ids_are_unique_and_what_refers_to_one_finds_it(documents):
    for path, page in documents.items():
        assert sorted(set(page.ids)) == sorted(page.ids), path
        for element in page.elements:
            for name in REFERRING:
                assert set(element.get(name, "").split()) <= set(page.ids), (path, name, element.attrib)
            for value in element.attrib.values():
                assert set(re.findall(r"url\(#([^)]+)\)", value)) <= set(page.ids), (path, value)


def test_elements_hold_what_the_standard_lets_them(documents):
    """The parser takes more than is valid: a paragraph in a list, a link in a button. The Nu validator, which
    wants Java, finds nothing on these pages; this holds what it looks at."""
    wrong = set()
    for page in documents.values():
        for element in (element for element in page.elements if not element.tag.startswith("{")):
            inside = [str(child.tag) for child in element]
            plain = {tag for tag in inside if not tag.startswith("{")}
            wrong |= {(element.tag, tag) for tag in plain - HOLDING.get(element.tag, plain)}
            if element.tag in ONLY_PHRASING:
                wrong |= {(element.tag, tag) for tag in plain - PHRASING}
            if element.tag in INTERACTIVE - {"label"}:
                wrong |= {
                    (element.tag, inner.tag) for inner in list(element.iter())[1:] if inner.tag in INTERACTIVE
                }
            for child, places in (("caption", [0]), ("summary", [0]), ("figcaption", [len(inside) - 1])):
                assert [k for k, tag in enumerate(inside) if tag == child] in ([], places), (
                    element.tag,
                    child,
                )
            own = {name for name in element.attrib if not name.startswith(("data-", "aria-"))}
            wrong |= {(element.tag, name) for name in own - EVERYWHERE - ATTRIBUTES.get(element.tag, set())}
    assert wrong == set()


def test_headings_skip_no_level(documents):
    for path, page in documents.items():
        levels = [
            int(element.tag[1]) for element in page.elements if re.fullmatch("h[1-6]", str(element.tag))
        ]
        assert levels[0] == 1, path
        assert all(after <= before + 1 for before, after in pairwise(levels)), path


def test_pictures_say_what_they_show_or_that_they_say_nothing(documents):
    for path, page in documents.items():
        assert all(element.get("alt") for element in page.all("img")), path
        for element in page.all(f"{SVG}svg"):
            hidden = element.get("aria-hidden") == "true"
            titled = element.find(f"{SVG}title") is not None or element.get("aria-label")
            assert hidden or (element.get("role") == "img" and titled), path


def test_tables_have_scopes_and_rows_of_one_width(documents):
    """Cells that span several rows are counted in each of them."""
    for path, page in documents.items():
        for table in page.all("table"):
            assert all(cell.get("scope") for cell in table.iter("th")), path
            widths, held = set(), 0
            for part in table:
                spans: list[tuple[int, int]] = []  # rows left, columns
                for row in part.iter("tr"):
                    held = sum(columns for _, columns in spans)
                    spans = [(left - 1, columns) for left, columns in spans if left > 1]
                    cells = [(int(cell.get("rowspan", 1)), int(cell.get("colspan", 1))) for cell in row]
                    widths.add(held + sum(columns for _, columns in cells))
                    spans += [(rows - 1, columns) for rows, columns in cells if rows > 1]
            assert len(widths) <= 1, (path, widths)
