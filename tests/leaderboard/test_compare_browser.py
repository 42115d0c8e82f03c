"""Two to five models are compared in the browser, from small files of curves: any pair of a board."""

import json
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from fabricated import HOSTILE, LONG, SUITE, many_entries
from leaderboard.browsing import seeing, serving
from leaderboard.site_pages import small_site
from playwright.sync_api import Locator, Page, expect

from icl_bench.errors import ResultWarning
from icl_bench.leaderboard.formats import p_value
from icl_bench.leaderboard.links import FRONT_PAGE
from icl_bench.leaderboard.pages import compare, curves
from icl_bench.leaderboard.render import Renderer
from icl_bench.leaderboard.site import Site
from icl_bench.leaderboard.site_folder import MARK
from icl_bench.leaderboard.write import gather_site
from icl_bench.ranking.compare import compare as compare_models
from icl_bench.ranking.differences import GRADED, MEAN, Difference

pytestmark = pytest.mark.slow

PAIR = "compare.html?m=reference__mamba&m=reference__llama"


def choose(form: Locator, **models: str) -> None:
    """Each as a field of the form; what a model is made of stands behind its name."""
    for field, model in models.items():
        select = form.locator(f"[name={field}]")
        option = select.locator("option").filter(has_text=re.compile(rf"^{re.escape(model)}( \(|$)"))
        select.select_option(option.get_attribute("value"))


def compared(page: Page) -> list[str]:
    """The models in the address."""
    return parse_qs(urlsplit(page.url).query).get("m", [])


def rows(page: Page) -> dict[str, list[str]]:
    """The cells of the table of differences, by task."""
    expect(page.get_by_role("region", name="Paired differences")).to_be_visible()
    read = "rows => rows.map((row) => [...row.cells].map((cell) => cell.innerText.replace(/\\s+/g, ' ')))"
    found = page.get_by_role("region", name="Paired differences").locator("tbody tr").evaluate_all(read)
    return {name: cells for name, *cells in found}


def percent(value: float) -> str:
    return f"{100 * value:z.1f}".replace("-", "\N{MINUS SIGN}")


def test_a_pair_has_its_differences_and_curves_at_an_address(page):
    page.goto(PAIR)
    board = small_site().boards[0]
    expected = board.board.differences("reference/mamba", ["reference/llama"])["reference/llama"]
    shown = rows(page)
    assert len(expected) == len(shown) == len(board.suite.tasks) + 2
    for difference in expected:
        words = (
            difference.task if difference.task in (GRADED, MEAN) else board.suite.task(difference.task).name
        )
        a, b, cell = shown[words.replace("_", " ").replace("mlp", "MLP").replace("mqar", "MQAR")]
        assert (a, b) == (percent(difference.a), percent(difference.b)), difference.task
        estimate = difference.difference
        assert percent(estimate.value) in cell
        assert f"{percent(estimate.low)} to {percent(estimate.high)}" in cell
        assert ("*" in cell) == (difference.better is not None)
        assert f"p {p_value(difference)}" in cell
    charts = page.locator("[data-comparison] figure svg")
    assert charts.count() == sum(task.scored_points.count > 1 for task in board.suite.tasks.values())
    expect(page.locator("[data-comparison] h2")).to_have_text("mamba against llama on mini-v1")


def test_numbers_of_the_curves_are_those_of_the_records(page):
    page.goto(PAIR)
    page.locator("summary", has_text="The numbers on linear regression").click()
    board = small_site().boards[0]
    zero, exact = (board.frozen_curve("linear_regression", name) for name in ("zero", "least_squares"))
    (run,) = board.runs("reference/mamba", "linear_regression")
    cells = page.get_by_role("region", name="Excess risk on linear regression").locator(
        "tbody td:nth-child(2)"
    )
    shown = [float(text.replace("\N{MINUS SIGN}", "-")) for text in cells.all_text_contents()]
    excess = [(a - b) / c for a, b, c in zip(run.error_curves.model, exact, zero, strict=True)]
    assert shown == pytest.approx(excess, rel=0.006, abs=1e-4)


@pytest.mark.parametrize(
    ("a", "b"), [("reference/llama", HOSTILE), (HOSTILE, "baseline/zero"), ("baseline/zero", LONG)]
)
def test_the_form_leads_to_the_models(page, a, b):
    page.goto("compare.html")
    form = page.locator("form[data-compare]").first
    choose(form, a=a, b=b)
    form.get_by_role("button", name="Compare").click()
    page.wait_for_url("**/compare.html?m=*")
    assert len(compared(page)) == 2
    expect(page.locator("[data-comparison] h2")).to_contain_text(a.removeprefix("reference/"))
    assert len(rows(page)) >= 6
    chosen = form.locator("[name=a]").evaluate("field => field.selectedOptions[0].textContent")
    assert chosen.startswith(a)  # the form keeps what is shown


def test_models_are_compared_by_the_keyboard_alone(page):
    page.goto("compare.html")
    form = page.locator("form[data-compare]").first
    form.locator("[name=a]").focus()  # the skip link and the navigation come before
    page.keyboard.type("reference/mamba")
    page.keyboard.press("Tab")
    page.keyboard.type("reference/llama")
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(form.get_by_role("button", name="Compare")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/compare.html?m=*")
    assert compared(page) == ["reference__mamba", "reference__llama"]


def test_five_models_stand_side_by_side_and_a_sixth_is_left_out(page):
    models = [
        "reference__llama",
        "reference__gpt2",
        "mamba",
        "reference__gpt2-rms",
        "baseline__ridge",
        "baseline__knn",
    ]
    page.goto("compare.html?" + "&".join(f"m={name}" for name in models))
    assert {len(cells) for cells in rows(page).values()} == {5 + 4}
    expect(page.locator("#curves-linear_regression g.series")).to_have_count(5)
    dashes = page.locator("#curves-linear_regression g.series > path").evaluate_all(
        "paths => paths.map((path) => path.getAttribute('stroke-dasharray'))"
    )
    assert len(set(dashes)) == 5  # apart without colour


def test_a_model_is_not_compared_with_itself(page):
    page.goto("compare.html")
    form = page.locator("form[data-compare]").first
    choose(form, a="reference/gpt2", b="reference/gpt2")
    form.get_by_role("button", name="Compare").click()
    invalid = form.locator("[name=b]").evaluate("field => field.validationMessage")
    assert invalid == "Choose two different models."
    assert compared(page) == []


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("m=nobody&m=llama", "No model of mini-v1 is called nobody."),
        ("m=llama", "One model alone was asked for."),
    ],
)
def test_an_address_that_names_no_pair_says_so(page, query, fault):
    page.goto(f"compare.html?{query}")
    expect(page.locator("[data-comparison]")).to_contain_text(fault)
    assert page.locator("[data-comparison] table").count() == 0


def test_without_scripts_numbers_lead_to_the_pages_of_pairs(browser, address):
    with seeing(browser, address, java_script_enabled=False) as page:
        page.goto("compare.html")
        page.get_by_role("link", name=re.compile("^reference.mamba against reference.llama")).click()
        expect(page).to_have_url(re.compile(rf"/{SUITE}/compare/reference__mamba\.html#reference__llama$"))
        heading = page.get_by_role("heading", name="reference/mamba and reference/llama", exact=True)
        expect(heading).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_a_comparison(browser, address, scheme):
    with seeing(browser, address, color_scheme=scheme) as page:
        page.goto(PAIR)
        rows(page)
        page.locator("details").evaluate_all("all => all.forEach((each) => (each.open = true))")
        found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        assert [(violation["id"], violation["nodes"][0]["html"][:200]) for violation in found] == []


@pytest.mark.parametrize("width", [390, 1440])
def test_a_comparison_is_no_wider_than_its_window(browser, address, width):
    with seeing(browser, address, viewport={"width": width, "height": 800}) as page:
        page.goto(PAIR)
        rows(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_each_model_of_a_large_board_has_a_file_and_no_matrix(monkeypatch):
    monkeypatch.setattr(compare, "ALL", 2)
    site = small_site(many_entries(5))
    files = {file.path: json.loads(file.file().content) for file in curves.files(site)}
    index = files.pop(f"data/curves/{SUITE}/index.json")
    assert set(files) == {f"data/curves/{SUITE}/{slug}.json" for slug in index["models"]}
    assert all(file["tasks"] for file in files.values())
    assert max(len(file.file().content) for file in curves.files(site)) < 27_000
    assert compare._matrix(site.boards[0]) == []


@contextmanager
def serving_comparisons(site: Site, folder: Path) -> Iterator[str]:
    """The page of comparisons alone, with the files that it reads."""
    renderer = Renderer(site)
    choice = next(page for page in compare.pages(site) if page.path == "compare.html")
    later = (each.file() for each in curves.files(site))
    for file in (*renderer.assets(), renderer.render(choice), *later):
        (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / file.path).write_bytes(file.content)
    for name in (MARK, FRONT_PAGE):
        (folder / name).touch()
    with serving(folder) as at:
        yield at


def assert_shown(shown: dict[str, list[str]], expected: list[Difference]) -> None:
    """Whether each difference has its row: the value, its interval, p and whether it is significant."""
    assert len(shown) == len(expected)
    for cells, difference in zip(shown.values(), sorted(expected, key=_means_first), strict=True):
        estimate, cell = difference.difference, cells[2]
        assert percent(estimate.value) in cell, difference.task
        assert f"{percent(estimate.low)} to {percent(estimate.high)}" in cell, difference.task
        assert f"p {p_value(difference)}" in cell, difference.task
        assert ("*" in cell) == (difference.better is not None)


def _means_first(difference: Difference) -> int:
    return [GRADED, MEAN].index(difference.task) if difference.task in (GRADED, MEAN) else 2


def test_any_two_of_a_board_too_large_for_tables_of_all_pairs_are_compared(browser, tmp_path):
    """The first and the last, which no page of the site without scripts has side by side."""
    site = small_site(many_entries(compare.ALL + 1, 24))
    board = site.boards[0]
    first, *_, last = [model.name for model in board.data.models]
    with serving_comparisons(site, tmp_path) as at, seeing(browser, at) as page:
        page.goto(f"compare.html?m={board.slugs[first]}&m={board.slugs[last]}")
        shown = rows(page)
    assert_shown(shown, board.board.differences(first, [last])[last])


def test_recorded_models_have_the_numbers_that_the_terminal_prints(browser, tmp_path):
    site = gather_site(None, None)
    site = replace(site, boards=site.boards[:1])
    pairs = [("llama", "gpt2"), ("mamba", "llama"), ("gpt2-rope", "gpt2-rms"), ("baseline/ridge", "llama")]
    with serving_comparisons(site, tmp_path) as at, seeing(browser, at) as page:
        for pair in pairs:
            a, b = (name if "/" in name else f"reference/{name}" for name in pair)
            page.goto(f"compare.html?m={site.boards[0].slugs[a]}&m={site.boards[0].slugs[b]}")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResultWarning)
                expected = compare_models(a, b).differences
            assert_shown(rows(page), expected)
