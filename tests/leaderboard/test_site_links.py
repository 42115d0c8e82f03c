"""Every link of every page leads somewhere, whatever the address that the site stands at."""

import re

import fabricated
import pytest
from leaderboard.site_reading import read_page

pytestmark = pytest.mark.slow

OUTSIDE = ("https://arxiv.org/", fabricated.REPOSITORY)
SUBMITTED = ("https://paper.example/", "https://code.example/", "https://huggingface.co/")
ABSOLUTE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|/|\\")


def canonical(document) -> list[str]:
    """The permanent address that a page says it has."""
    return [element.get("href") for element in document.all("link") if element.get("rel") == "canonical"]


def test_links_are_relative_or_lead_to_what_is_meant_to_be_outside(documents):
    wrong = [
        (path, link)
        for path, document in documents.items()
        for link in document.links()
        if ABSOLUTE.match(link.strip())
        and not link.startswith((*OUTSIDE, *SUBMITTED, fabricated.CONFIRMED_BY))
        and link not in canonical(document)
    ]
    assert wrong == []


def test_links_of_strangers_are_not_vouched_for(documents):
    links = [
        element
        for document in documents.values()
        for element in document.all("a")
        if element.get("href", "").startswith(SUBMITTED) and element.get("href") != fabricated.REPOSITORY
    ]
    assert len(links) >= 3 * len(SUBMITTED)
    assert {link.get("rel") for link in links} == {"nofollow noopener"}


def test_every_link_and_asset_is_there_with_its_fragment(documents, site_folder):
    files = {path.relative_to(site_folder).as_posix() for path in site_folder.rglob("*") if path.is_file()}
    wrong, count = [], 0
    for path, document in documents.items():
        for link in document.links():
            if ABSOLUTE.match(link):
                continue
            target, fragment = document.target(link)
            count += 1
            if target not in files or (fragment and fragment not in documents[target].ids):
                wrong.append((path, link))
    assert wrong == []
    assert count > 500


def test_no_link_is_empty_and_none_leaves_the_folder(documents):
    """A link above the root would work at one address and break at another."""
    targets = {document.target(link)[0] for document in documents.values() for link in document.links()}
    assert [target for target in targets if target.startswith("..")] == []
    links = [link for document in documents.values() for link in document.links()]
    assert [link for link in links if not link.strip("#")] == []


def test_every_page_can_be_reached_from_the_front_page(documents):
    seen, left = set(), ["index.html"]
    while left:
        path = left.pop()
        if path in seen or path not in documents:
            continue
        seen.add(path)
        document = documents[path]
        left += [document.target(link)[0] for link in document.links() if not ABSOLUTE.match(link)]
    assert sorted(set(documents) - seen) == []


def test_every_pair_of_the_comparison_form_has_its_place(documents):
    """But one that shares no task: the baseline of parity, and the model that lacks parity."""
    page, without = documents["compare.html"], set()
    for select in page.all("select"):
        options = [element for element in select.iter("option")]
        assert len(options) > 8
        for first in options:
            if "data-page" in first.attrib:
                target, _ = page.target(first.attrib["data-page"])
                others = {option.attrib["value"] for option in options if option is not first}
                missing = others - set(documents[target].ids) - {first.attrib["value"]}
                without |= {(first.attrib["value"], other) for other in missing}
    assert without == {("reference__gpt2-rms", "baseline__parity_bayes")}


def test_stylesheet_and_script_load_nothing_else(site_folder):
    (css,), (js,) = (list((site_folder / "assets").glob(f"*.{end}")) for end in ("css", "js"))
    assert not re.search(r"url\(|@import", css.read_text(encoding="utf-8"))
    assert not re.search(r"XMLHttpRequest|import\(|https?://(?!www\.w3\.org/2000/svg)", js.read_text())
    # it asks for the site's own data files, and the policy of pages allows nothing else
    assert js.read_text(encoding="utf-8").count("fetch(") == 1


@pytest.mark.parametrize("broken", ["<p><div></div></p>", "<table><p>x</p></table>", "<svg><path></svg>"])
def test_the_parser_mends_nothing(broken):
    """So that no other test looks at a tree that a page does not hold."""
    with pytest.raises(ValueError, match=r"^p\.html, line 1, column"):
        read_page(f"<!doctype html><title>x</title>{broken}", "p.html")
