"""What pages do in a browser beyond being read."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from fabricated import HOSTILE, LONG, SUITE
from leaderboard.browsing import seeing, serving
from playwright.sync_api import Page, expect

from icl_bench.leaderboard.site_folder import MARK

pytestmark = pytest.mark.slow

TASK = f"{SUITE}/tasks/linear_regression.html"
KINDS = ("models", "baselines")
RANKED = [
    *(
        "ana/quick_one",
        "reference/llama",
        "reference/gpt2",
        "reference/mamba",
        HOSTILE,
        "ana/Quick_one",
        LONG,
    ),
    "reference/gpt2-rms",
]


def names(page: Page, kind: str = "model") -> list[str]:
    """The rows that can be seen, from top to bottom."""
    rows = page.locator(f"table.ranks tr.{kind}:visible th")
    return rows.evaluate_all("cells => cells.map((cell) => cell.dataset.v)")


def query(page: Page) -> dict[str, str]:
    """What the address holds, so that it can be passed on."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def head(page: Page, name: str):
    return page.locator("table.ranks thead th").filter(has_text=name)


def test_a_click_on_a_heading_sorts_and_a_second_one_turns_the_order(page):
    page.goto("index.html")
    assert names(page) == RANKED
    head(page, "Mean").get_by_role("button").click()
    assert names(page) == RANKED
    expect(head(page, "Mean")).to_have_attribute("aria-sort", "descending")
    head(page, "Mean").get_by_role("button").click()
    assert names(page) == [*RANKED[-2::-1], RANKED[-1]]  # what has no mean is last in both orders
    expect(head(page, "Mean")).to_have_attribute("aria-sort", "ascending")
    assert query(page) == {"sort": "mean", "order": "ascending"}
    assert page.locator("thead [aria-sort=ascending], thead [aria-sort=descending]").count() == 1
    assert page.locator("table.ranks tbody tr:visible").last.get_attribute("class") == "baseline"


def test_a_column_of_a_task_sorts_by_its_button_with_the_keyboard_too(page):
    page.goto("index.html")
    rows = page.locator("table.ranks tr.model")
    page.get_by_role("button", name="Sort by Decision tree").press("Enter")
    cells = rows.evaluate_all("rows => rows.map((row) => row.cells[7].dataset.v)")
    assert [float(cell) for cell in cells] == sorted(map(float, cells), reverse=True)
    assert names(page) != RANKED
    expect(head(page, "Decision tree")).to_have_attribute("aria-sort", "descending")
    page.get_by_role("button", name="Sort by Sparse parity").press("Enter")
    assert rows.evaluate_all("rows => rows.map((row) => row.cells[8].dataset.v === undefined)")[-1]
    head(page, "Model").get_by_role("button").click()
    assert names(page, "baseline") == sorted(names(page, "baseline"))


def test_filters_hide_rows_and_say_how_many_are_left(page):
    page.goto("index.html")
    page.get_by_label("Mixer").select_option("Mamba")
    assert names(page) == ["reference/mamba", HOSTILE]
    expect(page.locator("[data-shown]")).to_have_text("2 of 8 models")
    assert query(page) == {"mixer": "Mamba"}
    page.get_by_label("Mixer").select_option("")
    page.get_by_label("Feed-forward").select_option("SwiGLU")
    assert names(page) == ["ana/quick_one", "reference/llama", "ana/Quick_one", LONG]
    page.get_by_label("Norm").select_option("LayerNorm")
    assert names(page) == ["ana/Quick_one"]
    page.get_by_role("combobox", name="Parameters").select_option(index=1)
    assert names(page) == []
    expect(page.locator("[data-shown]")).to_have_text("0 of 8 models")
    page.get_by_role("button", name="Reset").click()
    page.get_by_label("Kind").select_option("reference")
    page.get_by_role("combobox", name="Seeds").select_option("3")
    assert names(page) == ["reference/llama"]
    page.get_by_role("combobox", name="Seeds").select_option("")
    page.get_by_label("Positions").select_option("learned positions")
    assert names(page) == ["reference/gpt2", "reference/gpt2-rms"]
    page.get_by_label("Recorded since").fill("2025-03-01")
    assert names(page) == ["reference/gpt2"]
    assert query(page)["since"] == "2025-03-01"
    page.get_by_label("Recorded since").fill("")
    page.get_by_role("button", name="Reset").click()
    page.get_by_role("combobox", name="State").select_option("confirmed")
    page.get_by_role("combobox", name="Division").select_option("open")
    assert names(page) == ["ana/quick_one"]
    assert query(page) == {"state": "confirmed", "division": "open"}
    page.get_by_role("combobox", name="State").select_option("re-evaluated")
    assert names(page) == ["ana/quick_one", HOSTILE, LONG]  # confirmed ones are re-evaluated too
    page.get_by_role("combobox", name="State").select_option("self-reported")
    assert names(page) == ["ana/Quick_one"]


def test_the_address_brings_a_view_back_and_reset_leaves_it(page):
    page.goto("index.html?mixer=Mamba&baselines=all&sort=model&order=descending&norm=nothing")
    assert names(page) == ["reference/mamba", HOSTILE]
    every = names(page, "baseline")
    expect(head(page, "Model")).to_have_attribute("aria-sort", "descending")
    page.reload()
    expect(page.get_by_label("Mixer")).to_have_value("Mamba")
    expect(page.get_by_label("All baselines")).to_be_checked()
    page.get_by_role("button", name="Reset").click()
    assert names(page) == RANKED
    assert 0 < len(names(page, "baseline")) < len(every)
    expect(head(page, "Model")).to_have_attribute("aria-sort", "none")
    assert query(page) == {}


def test_a_table_that_is_sorted_leaves_the_others_of_its_page(page):
    page.goto(f"{SUITE}/tasks/decision_tree.html")
    tables = [page.locator("table[data-sortable]").filter(has_text=f"Scores of {kind}") for kind in KINDS]
    models, baselines = (table.locator("tbody th") for table in tables)
    named = "cells => cells.map((cell) => cell.dataset.v)"
    before = models.evaluate_all(named)
    head = tables[1].get_by_role("button", name="Score").first
    head.click()
    head.click()
    after = baselines.evaluate_all(named)
    page.reload()
    assert models.evaluate_all(named) == before
    assert baselines.evaluate_all(named) == after
    assert tables[1].locator("th[aria-sort=ascending]").count() == 1
    assert tables[0].locator("th[aria-sort=ascending], th[aria-sort=descending]").count() == 0


@pytest.mark.parametrize("wrong", ["%", "%zz", "%E4", "no-such-pair"])
def test_an_address_that_names_no_place_leaves_the_page_alive(page, wrong):
    """What is no code of a character too; later places are opened as ever."""
    page.goto("compare.html")
    path = page.locator("form[data-compare] select[name=a] option[data-page]").first.get_attribute(
        "data-page"
    )
    page.goto(f"{path}#{wrong}")
    expect(page.locator("[data-no-pair]")).to_be_visible()
    pair = page.locator("details[id], details [id]").first
    place = pair.get_attribute("id")
    page.evaluate("(place) => { location.hash = place; }", place)
    expect(page.locator("details[open]")).to_have_count(1)
    expect(page.locator("[data-no-pair]")).to_be_hidden()


def test_a_pair_that_shares_no_task_is_reported(page):
    page.goto(f"{SUITE}/compare/reference__gpt2-rms.html#baseline__parity_bayes")
    expect(page.locator("[data-no-pair]")).to_be_visible()
    page.locator("table.board").get_by_role("link").filter(has_text="reference/llama").click()
    expect(page.locator("[data-no-pair]")).to_be_hidden()
    assert page.locator("details[open] h3").text_content() == "reference/gpt2-rms and reference/llama"


@pytest.mark.parametrize("width", [390, 1440])
def test_a_curve_is_switched_off_and_stays_so_in_the_address(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(TASK)
    drawn = page.locator("figure[data-choose]").first.locator("g.series:visible")
    before = drawn.count()
    choice = page.locator("fieldset.choose").first.get_by_label(HOSTILE)
    choice.uncheck()
    expect(drawn).to_have_count(before - 1)
    assert query(page) == {"hide": HOSTILE}
    page.reload()
    expect(drawn).to_have_count(before - 1)
    expect(choice).not_to_be_checked()
    choice.check()
    expect(drawn).to_have_count(before)
    assert query(page) == {}


def test_a_command_is_copied_whole(browser, address):
    rights = ["clipboard-read", "clipboard-write"]
    with seeing(browser, address, permissions=rights) as page:
        page.goto("submit.html")
        block = page.locator("pre.command").filter(has_text="icl-bench evaluate").first
        block.get_by_role("button", name="Copy").click()
        expect(block.get_by_role("button")).to_have_text("Copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == block.locator("code").text_content()
        assert copied.startswith("icl-bench evaluate")


def test_the_first_tab_stop_skips_to_the_content(page):
    page.goto("index.html")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()


def test_the_site_works_below_a_base_path(browser, site_folder, tmp_path):
    (tmp_path / "index.html").write_text("another site")
    (tmp_path / MARK).touch()
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "where").symlink_to(site_folder)
    with serving(tmp_path) as root, seeing(browser, f"{root}some/where/") as page:
        page.goto("index.html")
        page.locator("table.ranks").get_by_role("link", name="llama").first.click()
        page.get_by_role("link", name="Compare it with others").click()
        expect(page.locator("h1")).to_have_text("reference/llama compared")
        page.get_by_role("link", name=SUITE).first.click()
        expect(page).to_have_url(re.compile(r"/some/where/index\.html$"))
        assert names(page) == RANKED


def test_everything_is_there_without_scripts(browser, address):
    with seeing(browser, address, java_script_enabled=False) as page:
        page.goto("index.html")
        expect(page.locator("table.ranks tr.model")).to_have_count(8)
        for row in page.locator("table.ranks tbody tr").all():
            expect(row).to_be_visible()
        assert page.locator("form:visible, table.board button").count() == 0
        page.goto("compare.html")
        assert page.locator("form:visible").count() == 0
        page.get_by_role("link", name="reference/llama", exact=True).click()
        page.locator("summary").first.click()
        expect(page.locator("details[open] table")).to_be_visible()
        page.goto(TASK)
        assert page.locator("figure[data-choose] g.series:visible").count() > 8
