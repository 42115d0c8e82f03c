"""What holds for every page: an address to keep, a page for what is missing, installation before commands,
headings that can be linked to, print."""

import re

import fabricated
import pytest
from axe_playwright_python.sync_playwright import Axe
from fabricated import ADDRESS, SUITE
from leaderboard.browsing import seeing, serving
from leaderboard.site_reading import read_page, text
from PIL import Image
from playwright.sync_api import expect

from icl_bench.leaderboard import shown_suites
from icl_bench.leaderboard.links import MISSING_PAGE
from icl_bench.leaderboard.site_folder import MARK
from icl_bench.leaderboard.write import gather_site, write_site

pytestmark = pytest.mark.slow

A4 = 700  # pixels of a page of A4 between its margins, at 96 an inch


def properties(document) -> dict[str, str]:
    """What a page says of itself to those that show a link to it."""
    return {
        element.get("property"): element.get("content")
        for element in document.all("meta")
        if element.get("property")
    }


def test_each_page_says_its_permanent_address_and_what_it_is(documents):
    addresses = set()
    for path, document in documents.items():
        (link,) = [element for element in document.all("link") if element.get("rel") == "canonical"]
        assert link.get("href") == ADDRESS + path.removesuffix("index.html"), path
        shown = properties(document)
        assert shown["og:url"] == link.get("href")
        (title,) = [element for element in document.all("title") if text(element)]
        assert text(title) == f"{shown['og:title']} · icl-bench"
        assert shown["og:description"]
        addresses.add(link.get("href"))
    assert len(addresses) == len(documents)


def test_a_link_to_a_model_is_shown_with_a_picture_of_its_own(documents, site_folder):
    models = {path: page for path, page in documents.items() if path.startswith(f"{SUITE}/models/")}
    assert len(models) > 5
    pictures = set()
    for path, document in models.items():
        address = properties(document)["og:image"]
        assert address.startswith(f"{ADDRESS}images/"), path
        with Image.open(site_folder / address.removeprefix(ADDRESS)) as drawn:
            shown = properties(document)
            assert drawn.format == "PNG"
            assert drawn.size == (int(shown["og:image:width"]), int(shown["og:image:height"])) == (1200, 630)
            pictures.add(drawn.convert("L").tobytes())
    assert len(pictures) == len(models)
    assert "og:image" not in properties(documents["index.html"])


@pytest.fixture(scope="module")
def plain_site(tmp_path_factory, entries):
    """A site that was built without an address, of two suites: pages of others are of the same kinds."""
    folder = tmp_path_factory.mktemp("plain") / "site"
    with fabricated.recorded(entries[:2]), pytest.MonkeyPatch.context() as patch:
        patch.setattr(shown_suites, "suite_names", lambda: [SUITE, "paper-v1"])
        write_site(gather_site(None, None), folder, quiet=True)
    return folder


def test_a_build_without_an_address_makes_none_up(plain_site):
    texts = {
        path: path.read_text(encoding="utf-8")
        for path in plain_site.rglob("*")
        if path.suffix in (".html", ".xml")
    }
    assert len(texts) > 10
    assert not list(plain_site.rglob("*.png"))
    made_up = re.compile(r"https://(?!code)[a-z.-]+\.example|None[a-z/.]")
    assert [path for path, content in texts.items() if made_up.search(content)] == []
    assert not [
        path for path, content in texts.items() if 'rel="canonical"' in content or "og:url" in content
    ]
    assert not (plain_site / "feed.xml").exists()


def test_what_is_missing_has_a_page_whose_links_work_at_any_depth(browser, site_folder, tmp_path):
    (tmp_path / "index.html").write_text("another site")
    (tmp_path / MARK).touch()
    (tmp_path / "boards").symlink_to(site_folder)  # the path of the site's address
    (tmp_path / MISSING_PAGE).write_bytes((site_folder / MISSING_PAGE).read_bytes())
    with serving(tmp_path) as root:
        context = browser.new_context()
        page = context.new_page()
        answer = page.goto(f"{root}boards/{SUITE}/models/nobody.html")
        assert answer.status == 404
        expect(page.locator("h1")).to_have_text("No such page")
        margin = page.locator("main").evaluate("main => getComputedStyle(main).maxWidth")
        assert margin != "none"  # its stylesheet was found
        assert Axe().run(page).response["violations"] == []
        page.locator("main").get_by_role("link", name=f"The board of {SUITE}").click()
        expect(page.locator("table.board tr.model").first).to_be_visible()
        assert page.url == f"{root}boards/index.html"
        context.close()


def test_the_page_of_what_is_missing_is_html_as_the_standard_has_it(site_folder):
    source = (site_folder / MISSING_PAGE).read_text(encoding="utf-8")
    assert read_page(source, MISSING_PAGE).all("h1")


def test_installation_stands_above_the_first_command_of_each_page(documents):
    found = 0
    for path, document in documents.items():
        blocks = [text(element) for element in document.all("pre")]
        runs = [place for place, block in enumerate(blocks) if block.startswith("icl-bench ")]
        if runs:
            found += 1
            assert any("pip install" in block for block in blocks[: runs[0]]), path
    assert found > 20


def test_a_heading_can_be_linked_to_by_keyboard(page):
    page.goto("method.html")
    anchor = page.locator("h2#score a.anchor")
    anchor.focus()
    assert anchor.evaluate("link => Number(getComputedStyle(link).opacity)") == 1
    anchor.press("Enter")
    assert page.url.endswith("method.html#score")


@pytest.mark.parametrize(
    "path",
    [
        "index.html",
        f"{SUITE}/score.html",
        "findings.html",
        f"{SUITE}/tasks/linear_regression.html",
        f"{SUITE}/models/reference__llama.html",
        f"{SUITE}/compare/reference__llama.html",
        "method.html",
        "data.html",
        "compare.html",
    ],
)
def test_a_printed_page_fits_a4(browser, address, path):
    with seeing(browser, address, viewport={"width": A4, "height": 1000}) as page:
        page.goto(path)
        page.emulate_media(media="print")
        wide = page.evaluate(
            """() => [...document.querySelectorAll('main *')]
                .filter((each) => each.checkVisibility())
                .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
                .map((each) => each.outerHTML.slice(0, 120))"""
        )
        assert wide == []
        assert page.evaluate("document.documentElement.scrollWidth") <= A4
