"""The opening of the board and the findings page in a browser: readable, and whole without scripts."""

import fabricated
import pytest
from axe_playwright_python.sync_playwright import Axe
from leaderboard.browsing import seeing, serving
from leaderboard.designed import designed_entries
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

PAGES = ("index.html", "findings.html")
QUESTIONS = {  # what is clicked, from the front page on, and what then says the answer
    "which is best and is it sure": (
        [(".card >> nth=0", "Evidence")],
        "article:has(h3:target)",
        [
            "leads by the mean over graded tasks",
            "one seed",
            "all lack 3 training runs",
            "cannot be told apart",
        ],
    ),
    "which component matters for retrieval": (
        [("nav[aria-label=Site]", "Findings"), (".claims", "Vector MQAR")],
        "article:has(h3:target)",
        ["attention, RoPE", "attention, learned positions", "Mamba alone"],
    ),
    "mamba against llama on sparse regression by context length": (
        [("nav[aria-label=Site]", "Compare"), (".matrix", "reference/mamba against reference/llama:")],
        "#curves-sparse_linear_regression",
        ["of mamba, llama", "context length", "Sparse linear regression"],
    ),
    "what exactly was measured and how to recompute it": (
        [("nav[aria-label=Site]", "Method"), ("ol.summary", "recompute")],
        "main",
        ["squared errors", "icl-bench reproduce reference/gpt2 --suite mini", "pip install"],
    ),
    "how to add a model": (
        [("nav[aria-label=Site]", "Submit"), ("nav[aria-label='On this page']", "A row on this board")],
        "main",
        ["icl-bench submit user/model", "icl-bench submissions validate", "pip install"],
    ),
}
OPENING = [".summary", ".cards", ".side-by-side", ".findings", ".claims"]


@pytest.fixture(scope="module")
def designed(tmp_path_factory):
    """Where a site of every reference is served."""
    folder = tmp_path_factory.mktemp("designed") / "site"
    fabricated.build(folder, designed_entries({"rope": 0.06}, seeds=1))
    with serving(folder) as at:
        yield at


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_in_either_scheme(browser, designed, path, scheme):
    with seeing(browser, designed, color_scheme=scheme) as page:
        page.goto(path)
        page.locator("details").evaluate_all("all => all.forEach((each) => (each.open = true))")
        there = [place for place in OPENING if page.locator(place).count()]
        found = Axe().run(page, context={"include": [[place] for place in there]}).response["violations"]
        assert [(each["id"], [node["html"][:200] for node in each["nodes"][:3]]) for each in found] == []


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_nothing_is_wider_than_its_window_and_no_text_is_small(browser, designed, width):
    sizes = """texts => texts.filter((text) => text.getClientRects().length).map((text) =>
        text.ownerSVGElement.getBoundingClientRect().width / text.ownerSVGElement.viewBox.baseVal.width
        * parseFloat(text.getAttribute("font-size")))"""
    with seeing(browser, designed, viewport={"width": width, "height": 900}) as page:
        for path in PAGES:
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        page.goto("index.html")
        drawn = page.locator(".side-by-side svg text").evaluate_all(sizes)
        assert len(drawn) > 40
        assert min(drawn) > 11.4


def test_names_on_the_chart_of_costs_do_not_overlap(browser, designed):
    boxes = """texts => texts.filter((text) => text.getClientRects().length).map((text) => {
        const box = text.getBoundingClientRect();
        return [text.textContent, box.left, box.top + 3, box.right, box.bottom - 3];
    })"""
    with seeing(browser, designed, viewport={"width": 1440, "height": 900}) as page:
        page.goto("index.html")
        for cost in ("Parameters", "FLOPs", "State"):
            page.get_by_role("radio", name=cost).check()
            found = page.locator(".panel svg text").evaluate_all(boxes)
            assert sum("gpt2" in name or "llama" in name for name, *_ in found) >= 8
            for k, (name, left, top, right, bottom) in enumerate(found):
                for other, a, b, c, d in found[k + 1 :]:
                    apart = right <= a or c <= left or bottom <= b or d <= top
                    assert apart, f"{name} and {other} overlap by {cost}"


def test_without_scripts_every_number_is_there_and_costs_switch(browser, designed):
    with seeing(browser, designed, java_script_enabled=False) as page:
        page.goto("index.html")
        expect(page.locator(".card")).to_have_count(3)
        expect(page.locator(".panel:visible")).to_have_count(1)
        page.get_by_role("radio", name="State").check()
        expect(page.locator(".cost-state")).to_be_visible()
        expect(page.locator(".cost-parameters")).to_be_hidden()
        for summary in page.locator(".side-by-side summary").all():
            summary.click()
        expect(page.locator("section[aria-labelledby=components] tbody tr")).to_have_count(21)
        expect(page.locator("section[aria-labelledby=costs] tbody tr")).to_have_count(12)
        page.goto("findings.html")
        for finding in page.locator(".finding").all():
            expect(finding).to_be_visible()


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_of_five_questions_is_answered_within_two_clicks(browser, designed, question):
    clicks, place, answers = QUESTIONS[question]
    assert len(clicks) <= 2
    with seeing(browser, designed, viewport={"width": 1440, "height": 900}) as page:
        page.goto("index.html")
        for within, name in clicks:
            page.locator(within).get_by_role("link", name=name).first.click()
        answer = page.locator(place)
        for words in answers:
            expect(answer).to_contain_text(words)
        expect(answer).to_be_visible()
        target = page.locator(":target")
        if target.count():
            expect(target).to_be_in_viewport()


def test_a_card_leads_to_its_evidence_and_that_can_be_cited(browser, designed):
    with seeing(browser, designed) as page:
        page.goto("index.html")
        title = page.locator(".card h2").nth(1).inner_text()
        page.locator(".card").nth(1).get_by_role("link").click()
        expect(page.locator("h3:target")).to_have_text(title)
        page.locator("article:has(h3:target)").get_by_role("link", name="Cite this").click()
        assert page.url.endswith("findings.html#mini-v1-largest-effect")
        page.locator("article:has(h3:target)").get_by_role("link", name="All effects").click()
        expect(page.locator("#components")).to_be_in_viewport()
