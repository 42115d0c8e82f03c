"""What the table of a board does in a browser: search, filters, views, addresses, boards of many pages."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import fabricated
import pytest
from axe_playwright_python.sync_playwright import Axe
from fabricated import HOSTILE, SUITE
from leaderboard.board_reading import placed_entries
from leaderboard.browsing import seeing, serving
from playwright.sync_api import Page, expect

from icl_bench.leaderboard.entries import Entry, recorded_entries
from icl_bench.leaderboard.page import File
from icl_bench.leaderboard.pages import boards
from icl_bench.leaderboard.pages.json_files import board_json, board_path
from icl_bench.leaderboard.render import Renderer
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.leaderboard.site_folder import MARK
from icl_bench.leaderboard.write import gather_site
from icl_bench.specs.division import OPEN
from icl_bench.specs.result import ResultRecord
from icl_bench.suites import load_suite

pytestmark = pytest.mark.slow

LIKE_LLAMA = ["reference/llama"]
MANY = 320  # models: three pages


def names(page: Page, kind: str = "model") -> list[str]:
    """The rows that can be seen, from top to bottom."""
    rows = page.locator(f"table.ranks tr.{kind}:visible th")
    return rows.evaluate_all("cells => cells.map((cell) => cell.dataset.v)")


def test_a_model_is_found_by_the_keyboard_alone_filtered_and_its_link_copied(browser, address):
    """/ leads to the search; Tab and the arrows do the rest."""
    rights = ["clipboard-read", "clipboard-write"]
    viewport = {"width": 1440, "height": 900}
    with seeing(browser, address, permissions=rights, viewport=viewport) as page:
        page.goto("index.html")
        page.keyboard.press("/")
        expect(page.get_by_label("Find a model")).to_be_focused()
        page.keyboard.type("llama")
        assert names(page) == LIKE_LLAMA
        expect(page.locator("[data-shown]")).to_have_text("1 of 8 models")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        assert page.locator("table.ranks td .ci:visible").count() > 5
        for _ in range(3):
            page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Copy link")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("[data-link]")).to_have_text("Copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == page.url == f"{address}index.html?q=llama&intervals=1"
        page.goto("tasks.html")
        page.goto(copied)
        assert names(page) == LIKE_LLAMA
        assert page.locator("table.ranks td .ci:visible").count() > 5


def test_rows_are_filtered_by_the_keyboard_alone(page):
    page.goto("index.html")
    page.keyboard.press("/")
    for _ in range(6):
        page.keyboard.press("Tab")
    expect(page.get_by_label("Mixer")).to_be_focused()
    page.keyboard.type("Mamba")
    expect(page.locator("[data-shown]")).to_have_text("2 of 8 models")
    assert names(page) == ["reference/mamba", HOSTILE]


def test_a_slash_that_is_typed_into_the_search_stays_there(page):
    page.goto("index.html")
    page.get_by_label("Find a model").press_sequentially("ana/quick")
    assert sorted(names(page)) == ["ana/Quick_one", "ana/quick_one"]


def test_intervals_are_hidden_until_they_are_asked_for(page):
    page.goto("index.html")
    assert page.locator("table.ranks .ci:visible").count() == 0
    page.get_by_label("Intervals").check()
    shown = page.locator("table.ranks tr.model").first.locator(".ci:visible")
    assert re.fullmatch(r"\d+\.\d to \d+\.\d", shown.first.inner_text())
    assert page.url.endswith("?intervals=1")
    page.get_by_label("Intervals").uncheck()
    assert "?" not in page.url


def test_baselines_that_no_task_names_are_folded(page):
    page.goto("index.html")
    few = names(page, "baseline")
    assert {"baseline/prior_mean", "baseline/least_squares"} <= set(few)
    assert "baseline/averaging" not in few
    page.get_by_label("All baselines").check()
    assert set(names(page, "baseline")) > {*few, "baseline/averaging"}
    page.reload()
    assert "baseline/averaging" in names(page, "baseline")


def test_the_score_of_the_study_is_a_second_page_that_keeps_the_view(page):
    page.goto("index.html?q=gpt2")
    gains = page.locator("table.ranks tr.model td.mean .v").all_inner_texts()
    page.get_by_role("navigation", name="Measure").get_by_role("link", name="Score").click()
    expect(page).to_have_url(re.compile(rf"/{SUITE}/score\.html\?q=gpt2$"))
    assert set(names(page)) == {"reference/gpt2", "reference/gpt2-rms"}
    assert page.locator("table.ranks tr.model:visible td.mean .v").all_inner_texts() != gains
    page.get_by_role("navigation", name="Measure").get_by_role("link", name="Gain").click()
    expect(page).to_have_url(re.compile(r"/index\.html\?q=gpt2$"))


def test_the_view_is_saved_as_csv(page):
    page.goto("index.html?positions=RoPE&sort=mean&order=ascending")
    with page.expect_download() as downloading:
        page.get_by_role("button", name="CSV of the view").click()
    text = Path(downloading.value.path()).read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    shown = [*names(page), *names(page, "baseline")]
    assert [row["model"] for row in rows] == shown
    row = next(row for row in rows if row["model"] == "reference/llama")
    assert (row["positions"], row["norm"], row["kind"]) == ("RoPE", "RMSNorm", "reference")
    assert 0.5 < float(row["mean"]) < 1  # a fraction, in full
    assert 0.5 < float(row["vector-mqar"]) < 1
    assert float(row["vector-mqar-learned"]) in (0, 1)


def test_headings_and_the_first_columns_stay_in_sight(page):
    page.set_viewport_size({"width": 820, "height": 500})
    page.goto("index.html")
    scroll = page.locator(".scroll:has(table.ranks)")
    scroll.evaluate("box => box.scrollTo(260, 220)")
    edge = scroll.bounding_box()
    head = page.locator("table.ranks thead th").nth(3).bounding_box()
    name = page.locator("table.ranks tbody th").nth(6).bounding_box()
    place = page.locator("table.ranks tbody td.place").nth(6).bounding_box()
    assert abs(head["y"] - edge["y"]) < 3
    assert abs(place["x"] - edge["x"]) < 3
    assert abs(name["x"] - (place["x"] + place["width"])) < 3


def test_a_row_of_a_reference_is_three_lines_high_at_most(page):
    page.goto("index.html")
    rows = page.locator("table.ranks tr.model[data-kind=reference]")
    heights = rows.evaluate_all("rows => rows.map((row) => row.offsetHeight)")
    assert len(heights) == 4
    assert max(heights) < 80


def test_a_phone_shows_rows_above_the_fold_that_lead_to_the_board(browser, address):
    with seeing(browser, address, viewport={"width": 390, "height": 844}) as page:
        page.goto("index.html")
        first = page.locator(".first-rows li a")
        row = first.first.bounding_box()
        assert row["y"] + row["height"] < 844
        expect(first.first).to_have_text(names(page)[0])
        expect(page.locator(".first-rows b").first).to_have_text(
            page.locator("table.ranks td.mean .v").first.inner_text()
        )
        first.last.click()
        expect(page.locator("h2#board")).to_be_in_viewport()
        page.set_viewport_size({"width": 1440, "height": 900})
        expect(page.locator(".first-rows")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_a_board_with_all_that_it_can_show(browser, address, scheme):
    with seeing(browser, address, color_scheme=scheme) as page:
        for path in ("index.html", f"{SUITE}/score.html"):
            page.goto(f"{path}?intervals=1&baselines=all")
            found = Axe().run(page, context="section.board-section").response["violations"]
            assert [(each["id"], [node["html"][:200] for node in each["nodes"][:3]]) for each in found] == []


def test_without_scripts_every_number_and_interval_is_there(browser, address):
    with seeing(browser, address, java_script_enabled=False) as page:
        for path in ("index.html", f"{SUITE}/score.html"):
            page.goto(path)
            for row in page.locator("table.ranks tbody tr").all():
                expect(row).to_be_visible()
            assert page.locator("table.ranks .ci:visible").count() > 60
        page.get_by_role("navigation", name="Measure").get_by_role("link", name="Gain").click()
        expect(page).to_have_url(re.compile(r"/index\.html$"))


@contextmanager
def boards_alone(folder: Path, site: Site) -> Iterator[str]:
    """The boards of a site with their data, without any other page; the address."""
    renderer = Renderer(site)
    data = [File(board_path(board), board_json(site, board).encode()) for board in site.boards]
    for file in (*renderer.assets(), *map(renderer.render, boards.pages(site)), *data):
        (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / file.path).write_bytes(file.content)
    (folder / MARK).touch()
    with serving(folder) as at:
        yield at


@pytest.fixture(scope="module")
def long_address(tmp_path_factory) -> Iterator[str]:
    """A board of three pages."""
    folder = tmp_path_factory.mktemp("long")
    with fabricated.recorded(fabricated.many_entries(MANY)):
        site = gather_site(fabricated.ADDRESS, None)
    with boards_alone(folder, site) as at:
        yield at


def of_first_prompts(record: ResultRecord, count: int) -> ResultRecord:
    """The record of a model that was asked about so many prompts."""
    tasks = {
        name: result.model_copy(update={"prompts": count, "prompt_errors": result.prompt_errors[:count]})
        for name, result in record.tasks.items()
    }
    return record.model_copy(update={"tasks": tasks})


@pytest.fixture(scope="module")
def mixed_address(tmp_path_factory) -> Iterator[str]:
    """Boards of every kind of entry, three rows a page: places in both divisions, own records, language
    models."""
    text = load_suite("text-boolean")
    own = Entry("mine", [fabricated.record("mine", 0.3, seed=seed) for seed in range(2)], local=True)
    placed = [replace(each, division=OPEN) if each.name == "ana/far" else each for each in placed_entries()]
    few = Entry("few/prompts", [of_first_prompts(fabricated.record("few/prompts", 0.4), 512)])
    shown = {each.name: each for each in (*fabricated.entries(), *placed, own, few)}
    language_models = [
        replace(each, name=f"{each.name}-{k}", local=True)
        for each in recorded_entries(text, [])
        if each.name.startswith("text/")
        for k in range(4)
    ]
    site = Site(
        [SuiteBoard(load_suite("mini"), [*shown.values()], True), SuiteBoard(text, language_models, False)],
        *(fabricated.DATE, fabricated.ADDRESS, None, fabricated.RECORDED),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boards, "ROWS", 3)
        with boards_alone(tmp_path_factory.mktemp("mixed"), site) as at:
            yield at


ROWS = """() => [...document.querySelector("table.ranks").tBodies[0].rows]
    .map((row) => row.outerHTML.replace(/>\\s+</g, "><"))"""  # between cells it means nothing


@pytest.mark.parametrize(
    ("first", "further", "models"),
    [
        ("index.html", f"{SUITE}/page-{{}}.html", 13),
        (f"{SUITE}/score.html", f"{SUITE}/score-{{}}.html", 13),
        ("text-boolean-v1/index.html", "text-boolean-v1/page-{}.html", 4),
    ],
)
def test_a_row_made_of_the_data_file_is_that_of_the_page(browser, mixed_address, first, further, models):
    """Every row of every page, to the letter."""
    with seeing(browser, mixed_address) as page:
        for number in range(1, (models + 2) // 3 + 1):
            page.goto(first if number == 1 else further.format(number))
            written = page.evaluate(ROWS)
            page.get_by_label("Find a model").fill("no such model")
            expect(page.locator("[data-shown]")).to_have_text(f"0 of {models} models")
            page.get_by_role("button", name="Reset").click()
            made = page.evaluate(ROWS)
            assert len(made) == models
            assert made[3 * (number - 1) :][: len(written)] == written


def test_nothing_is_fetched_until_a_reader_searches_and_then_the_data_file_alone(browser, mixed_address):
    with seeing(browser, mixed_address) as page:
        asked = []
        page.on("request", lambda request: asked.append(request.url.removeprefix(mixed_address)))
        page.goto(f"{SUITE}/page-2.html")
        assert not [url for url in asked if url.startswith("data/")]
        page.get_by_label("Find a model").fill("ana/")
        expect(page.locator("nav.numbers")).to_be_hidden()
        page.get_by_role("button", name="Sort by Params").click()
        page.get_by_role("button", name="Reset").click()
        fetched = [url for url in asked if not url.startswith("assets/")]
        assert fetched == [f"{SUITE}/page-2.html", f"data/{SUITE}.json"]


@pytest.mark.parametrize("act", ["search", "sort"])
def test_where_the_data_file_cannot_be_read_one_line_says_so_and_the_pages_stay(browser, mixed_address, act):
    with seeing(browser, mixed_address) as page:
        page.route("**/data/*.json", lambda route: route.fulfill(body='{"models": ['))  # cut off
        page.goto(f"{SUITE}/page-2.html")
        before = names(page)
        failed = "The data file could not be read: this is about the rows of this page."
        if act == "search":
            page.get_by_label("Find a model").fill(before[0])
            expect(page.locator("[data-shown]")).to_have_text(f"1 of 3 models. {failed}")
        else:
            page.get_by_role("button", name="Sort by Params").click()
            expect(page.locator("[data-shown]")).to_have_text(failed)
        assert set(names(page)) <= set(before)
        page.unroute("**/data/*.json")
        page.get_by_label("Find a model").fill("reference/llama")
        expect(page.locator("[data-shown]")).to_have_text("1 of 13 models")  # it is asked for again
        page.goto(f"{SUITE}/page-2.html")
        page.get_by_role("navigation", name="Pages of the board").get_by_role("link", name="3").click()
        assert len(names(page)) == 3


def test_search_sort_and_filters_act_on_all_pages_of_a_long_board(browser, long_address):
    with seeing(browser, long_address) as page:
        page.goto("index.html")
        first = names(page)
        assert len(first) == boards.ROWS
        page.get_by_label("Find a model").fill("model-31")
        expect(page.locator("[data-shown]")).to_have_text(f"11 of {MANY} models")
        assert {name.partition("/")[2] for name in names(page)} == {
            name for name in (f"model-{k}" for k in range(MANY)) if "model-31" in name
        }
        link = page.locator("table.ranks tr.model:visible th a").last
        assert re.search(rf"/{SUITE}/models/user-\d+__model-31\d?\.html$", link.evaluate("link => link.href"))
        expect(page.locator("nav.numbers")).to_be_hidden()
        page.get_by_role("button", name="Reset").click()
        assert len(names(page)) == MANY
        assert names(page)[: len(first)] == first
        page.goto(f"{SUITE}/page-2.html?mixer=Mamba")
        expect(page.locator("[data-shown]")).to_have_text(f"{MANY // 4} of {MANY} models")


def test_sorting_a_page_of_a_long_board_sorts_all(browser, long_address):
    with seeing(browser, long_address) as page:
        page.goto(f"{SUITE}/page-2.html")
        page.get_by_role("button", name="Sort by Params").click()
        expect(page.locator("table.ranks tr.model")).to_have_count(MANY)
        rows = page.locator("table.ranks tr.model")
        sizes = rows.evaluate_all("rows => rows.map((row) => Number(row.dataset.size))")
        assert sizes == sorted(sizes)
        assert len(set(sizes)) > 2


def test_the_names_of_a_hostile_model_stay_text_in_a_search(page):
    page.goto("index.html")
    page.get_by_label("Find a model").fill("alert(1)")
    assert names(page) == [HOSTILE]
