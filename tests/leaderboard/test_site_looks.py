"""Every page can be read: on narrow and wide screens, in light and dark, with a screen reader, with no fault
and nothing asked of another address."""

import pytest
from fabricated import HOSTILE, LONG, SUITE
from leaderboard.browsing import COLOURS, seeing, unfold, violations

from icl_bench.leaderboard.links import slugs

pytestmark = pytest.mark.slow

WIDTHS = (390, 820, 1440)
SLUGS = slugs([HOSTILE, LONG])
VARIANTS = "mini-shifts-v1"
PAGES = {
    "board": "index.html",
    "board of scores": f"{SUITE}/score.html",
    "empty board": "paper-v1/index.html",
    "findings": "findings.html",
    "tasks": "tasks.html",
    "task": f"{SUITE}/tasks/sparse_linear_regression.html",
    "empty task": "paper-v1/tasks/vector_mqar.html",
    "board of variants": f"{VARIANTS}/index.html",
    "task that is a variant": f"{VARIANTS}/tasks/linear_skewed.html",
    "model": f"{SUITE}/models/reference__llama.html",
    "model that lacks a task": f"{SUITE}/models/reference__gpt2-rms.html",
    "model that was submitted": f"{SUITE}/models/ana__quick_one.html",
    "model that is worse on fresh prompts": f"{SUITE}/models/{SLUGS[LONG]}.html",
    "model of a hostile name": f"{SUITE}/models/{SLUGS[HOSTILE]}.html",
    "compare": "compare.html",
    "compared": f"{SUITE}/compare/reference__gpt2-rms.html",
    "published": "published.html",
    "method": "method.html",
    "submit": "submit.html",
    "data": "data.html",
    "changelog": "changelog.html",
}


def test_no_page_has_a_fault_or_asks_elsewhere(browser, address, documents):
    """`seeing` holds the log, failed requests and their addresses to be empty."""
    with seeing(browser, address) as page:
        for path in documents:
            page.goto(path)
            assert page.title().endswith(" · icl-bench")


def test_no_page_is_wider_than_its_window(browser, address):
    """Tables and code scroll on their own. Pages of the longest name are among these."""
    longest, too_wide = [f"{SUITE}/{kind}/{SLUGS[LONG]}.html" for kind in ("models", "compare")], []
    with seeing(browser, address) as page:
        for path in [*PAGES.values(), *longest]:
            page.goto(path)
            page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                wide = page.evaluate("document.documentElement.scrollWidth")
                if wide > width:
                    too_wide.append(f"{path} is {wide} wide in a window of {width}")
    assert too_wide == []


def test_names_leave_room_for_numbers_on_a_narrow_screen(browser, address):
    """They stay in sight while a table is scrolled."""
    with seeing(browser, address, viewport={"width": 390, "height": 800}) as page:
        for path in ("index.html", f"{SUITE}/compare/reference__llama.html"):
            page.goto(path)
            names = page.locator("table.board tbody th[scope=row]")
            widths = names.evaluate_all("cells => cells.map((cell) => cell.offsetWidth)")
            assert max(widths) < 0.5 * 390


def test_a_narrow_screen_shows_model_mean_and_first_score_at_once(browser, address):
    with seeing(browser, address, viewport={"width": 390, "height": 800}) as page:
        page.goto("index.html")
        for row in page.locator("table.board tr.model").all()[:3]:
            for cell in (
                row.locator("th"),
                row.locator(".mean").first,
                row.locator("td.n[class*=' h']").first,
            ):
                box = cell.bounding_box()
                assert box["x"] >= 0
                assert box["x"] + box["width"] <= 390


@pytest.mark.parametrize("width", [390, 1440])
def test_names_and_components_are_whole(browser, address, width):
    """Nothing is cut that a finger or the keyboard could not uncover."""
    look = "cells => cells.map((cell) => [cell.scrollWidth - cell.clientWidth, cell.textContent])"
    with seeing(browser, address, viewport={"width": width, "height": 800}) as page:
        for path in ("index.html", f"{SUITE}/tasks/decision_tree.html", "published.html"):
            page.goto(path)
            seen = page.locator("tbody .made, tr.model .parts, tr.model th a, tr.model th").evaluate_all(look)
            assert len(seen) > 4
            assert [text for cut, text in seen if cut > 1] == [], path


@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_names_of_baselines_break_between_words_alone(browser, address, width):
    """Each part of a name, up to its next dash below, is on one line."""
    lines = """cells => cells.flatMap((cell) => [...cell.childNodes]
        .filter((node) => node.nodeType === Node.TEXT_NODE && node.data.trim())
        .map((node) => {
            const range = document.createRange();
            range.selectNodeContents(node);
            return [node.data, range.getClientRects().length];
        }))"""
    with seeing(browser, address, viewport={"width": width, "height": 800}) as page:
        for path in ("index.html", f"{SUITE}/tasks/decision_tree.html"):
            page.goto(path)
            line_counts = page.locator("th .of:visible").filter(has=page.locator("wbr")).evaluate_all(lines)
            assert len(line_counts) > 3
            assert [part for part, count in line_counts if count != 1] == []


SMALL = """() => {
  const small = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const holder = node.parentElement;
    if (!node.data.trim() || !holder.checkVisibility() || holder.closest(".sr, title, desc")) continue;
    const svg = holder.closest("svg");
    const drawn = svg?.viewBox.baseVal.width;
    const scale = drawn ? svg.getBoundingClientRect().width / drawn : 1;
    const size = scale * parseFloat(getComputedStyle(holder).fontSize);
    if (size < 11.9) small.push([node.data.trim(), size]);
  }
  return small;
}"""


@pytest.mark.parametrize("width", [390, 1440])
def test_no_text_is_smaller_than_12_pixels(browser, address, width):
    """Charts too, whatever they are shrunk to."""
    with seeing(browser, address, viewport={"width": width, "height": 844}) as page:
        for kind, path in PAGES.items():
            page.goto(f"{path}?intervals=1&baselines=all" if kind.startswith("board") else path)
            unfold(page)
            assert page.evaluate(SMALL) == [], kind


@pytest.mark.parametrize("kind", PAGES)
def test_axe_finds_nothing_on_a_page_of_each_kind(browser, address, kind):
    """With all that it can unfold; colours in both schemes."""
    with seeing(browser, address) as page:
        page.goto(PAGES[kind])
        unfold(page)
        assert violations(page, kind) == []
        page.emulate_media(color_scheme="dark")
        assert violations(page, kind, runOnly=[COLOURS]) == []


def test_axe_finds_nothing_on_any_other_page(browser, address, documents):
    """Colours are those of its kind, and one pair of a comparison is as the next, as is one variant."""
    others = sorted(set(documents) - set(PAGES.values()))
    left = [path for path in others if not path.startswith(f"{VARIANTS}/tasks/")]
    assert len(left) > 10
    with seeing(browser, address) as page:
        for path in left:
            page.goto(path)
            unfold(page, "details >> nth=0")
            assert violations(page, path, rules={COLOURS: {"enabled": False}}) == []
