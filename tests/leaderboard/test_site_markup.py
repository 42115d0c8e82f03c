"""What holds for the markup of every page."""

import re
from itertools import pairwise

from leaderboard.site_reading import SVG, text

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'"
)
REFERRING = ("aria-labelledby", "aria-describedby", "aria-controls", "for", "headers", "list")


def test_each_page_has_a_language_a_title_a_description_and_one_heading(documents):
    titles = {}
    for path, page in documents.items():
        assert page.source.startswith("<!doctype html>\n"), path
        assert page.root.get("lang") == "en", path
        (title,) = [one for one in page.all("title") if text(one)]
        titles.setdefault(text(title), []).append(path)
        names = {one.get("name"): one.get("content") for one in page.all("meta")}
        assert names["description"], path
        assert names["viewport"] == "width=device-width, initial-scale=1", path
        assert len(page.all("h1")) == 1, path
        assert len(page.all("main")) == 1, path
    assert [paths for paths in titles.values() if len(paths) > 1] == []


def test_each_page_forbids_what_it_does_not_need(documents):
    """The policy comes before anything that it could stop."""
    for path, page in documents.items():
        (policy,) = [one for one in page.all("meta") if one.get("http-equiv") == "Content-Security-Policy"]
        assert policy.get("content") == POLICY, path
        loading = [one for one in page.elements if one.tag in ("link", "script", "img")]
        assert page.elements.index(policy) < page.elements.index(loading[0]), path


def test_nothing_is_inline(documents):
    for path, page in documents.items():
        (script,) = [one for one in page.elements if one.tag in ("script", f"{SVG}script")]
        assert script.get("src"), path
        assert not text(script), path
        assert not page.all("style"), path
        assert not page.all(f"{SVG}style"), path
        names = {name for one in page.elements for name in one.attrib}
        assert not {name for name in names if name == "style" or name.startswith("on")}, path


def test_ids_are_unique_and_what_refers_to_one_finds_it(documents):
    for path, page in documents.items():
        assert sorted(set(page.ids)) == sorted(page.ids), path
        for element in page.elements:
            for name in REFERRING:
                assert set(element.get(name, "").split()) <= set(page.ids), (path, name, element.attrib)
            for value in element.attrib.values():
                assert set(re.findall(r"url\(#([^)]+)\)", value)) <= set(page.ids), (path, value)


def test_headings_skip_no_level(documents):
    for path, page in documents.items():
        levels = [int(one.tag[1]) for one in page.elements if re.fullmatch("h[1-6]", str(one.tag))]
        assert levels[0] == 1, path
        assert all(after <= before + 1 for before, after in pairwise(levels)), path


def test_pictures_say_what_they_show_or_that_they_say_nothing(documents):
    for path, page in documents.items():
        assert all(one.get("alt") for one in page.all("img")), path
        for one in page.all(f"{SVG}svg"):
            hidden = one.get("aria-hidden") == "true"
            titled = one.find(f"{SVG}title") is not None or one.get("aria-label")
            assert hidden or (one.get("role") == "img" and titled), path


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
                    cells = [(int(one.get("rowspan", 1)), int(one.get("colspan", 1))) for one in row]
                    widths.add(held + sum(columns for _, columns in cells))
                    spans += [(rows - 1, columns) for rows, columns in cells if rows > 1]
            assert len(widths) <= 1, (path, widths)
