"""A task page shows how far models are from the exact predictor, which ones a reader chose, and how they
learned."""

from urllib.parse import parse_qs, urlsplit

import pytest
from fabricated import SUITE, build, entries, many_entries
from leaderboard.browsing import seeing, serving
from leaderboard.site_pages import page as rendered
from leaderboard.site_pages import small_site
from leaderboard.site_reading import text
from playwright.sync_api import Page, expect

from icl_bench.charts.styles import model_colour
from icl_bench.leaderboard.excess import needed_examples
from icl_bench.leaderboard.formats import digits
from icl_bench.leaderboard.pages import tasks

pytestmark = pytest.mark.slow

LINEAR = f"{SUITE}/tasks/linear_regression.html"
RETRIEVAL = f"{SUITE}/tasks/vector_mqar.html"
BEST = ["ana/quick_one", "gpt2", "llama"]


def table(document, label: str) -> list[list[str]]:
    """The cells of the rows of a table by the label of its region."""
    (region,) = [element for element in document.iter() if element.get("aria-label") == label]
    return [[text(cell) for cell in row] for row in next(region.iter("tbody"))]


def standing_out(page: Page, figure: int = 0) -> list[str]:
    """The models that are not grey in a chart."""
    series = page.locator("figure[data-highlight]").nth(figure).locator(".wide g.series:not(.faded)")
    names = series.evaluate_all("groups => groups.map((group) => group.dataset.name)")
    models = page.locator("figure[data-highlight]").nth(figure).get_attribute("data-models").split("\n")
    return sorted(name for name in names if name in models)


def shown(page: Page) -> list[str]:
    return parse_qs(urlsplit(page.url).query).get("show", [])


def test_the_best_three_stand_out_without_scripts(browser, address):
    with seeing(browser, address, java_script_enabled=False) as page:
        page.goto(LINEAR)
        for figure in range(2):
            assert page.locator("figure[data-highlight]").nth(figure).locator("g.series").count() > 4
        assert standing_out(page) == BEST
        assert page.locator("g.series.faded:visible").count() > 3


def test_a_reader_s_choice_stands_out_and_is_kept_in_the_address(page):
    page.goto(LINEAR)
    box = page.locator("fieldset.highlight").first
    assert standing_out(page) == BEST
    box.get_by_label("mamba", exact=True).check()
    box.get_by_label("gpt2", exact=True).press("Space")
    assert standing_out(page) == ["ana/quick_one", "llama", "mamba"]
    assert standing_out(page, 1) == ["llama", "mamba"]  # the learning curves are those of references
    assert sorted(shown(page)) == ["ana/quick_one", "llama", "mamba"]
    page.reload()
    assert standing_out(page) == ["ana/quick_one", "llama", "mamba"]
    box.get_by_label("mamba", exact=True).uncheck()
    box.get_by_label("gpt2", exact=True).check()
    assert standing_out(page) == BEST
    assert shown(page) == []


def test_the_axis_is_logarithmic_and_the_exact_predictor_its_floor(page):
    page.goto(LINEAR)
    chart = page.locator("figure[data-highlight]").first.locator(".wide svg")
    ticks = chart.locator("text[text-anchor=end]").all_text_contents()
    assert {"0.01", "0.1", "1"} <= set(ticks)
    assert any(tick.startswith("≤") for tick in ticks)
    expect(chart.locator("g[data-name=least_squares]")).to_have_count(1)
    expect(page.locator("figcaption").nth(1)).to_contain_text("The exact predictor is the lower edge")


def test_excess_risk_and_examples_are_those_of_the_records():
    site = small_site()
    board, document = site.boards[0], rendered(site, tasks, LINEAR)
    zero, exact = (board.frozen_curve("linear_regression", name) for name in ("zero", "least_squares"))
    (region,) = [
        element
        for element in document.iter()
        if element.get("aria-label", "").startswith("Numbers: Excess risk")
    ]
    heads = [text(cell) for cell in next(region.iter("thead"))[0]]
    rows = [[text(cell) for cell in row] for row in next(region.iter("tbody"))]
    by_name = dict(zip(heads, zip(*rows, strict=True), strict=True))
    needed = {  # by name, without the components that may stand beside it
        row[0].replace("/ ", "/").partition(" ")[0]: row[1:] for row in table(document, "Examples needed")
    }
    for name in ("reference/mamba", "reference/llama"):
        runs = board.runs(name, "linear_regression")
        curves = [run.error_curves.model for run in runs]
        mean = [sum(column) / len(column) for column in zip(*curves, strict=True)]
        excess = [(a - b) / c for a, b, c in zip(mean, exact, zero, strict=True)]
        assert list(by_name[name.removeprefix("reference/")]) == [digits(value) for value in excess]
        examples = needed_examples(excess)
        assert needed[name][0] == ("not within 10" if examples is None else str(examples))
        assert needed[name][2] == digits(excess[-1])


def test_examples_count_from_where_the_excess_stays_small():
    assert needed_examples([0.5, 0.09, 0.2, 0.1, 0.05]) == 3
    assert needed_examples([0.05, 0.02]) == 0
    assert needed_examples([0.05, 0.2]) is None


def test_a_task_with_one_scored_point_shows_seeds_as_dots():
    site = small_site()
    document = rendered(site, tasks, RETRIEVAL)
    figures = [element for element in document.iter("figure") if element.get("data-highlight") is not None]
    assert figures == []
    rows = dict(table(document, "Optimality of each run"))
    (llama,) = [model for model in site.boards[0].data.models if model.name == "reference/llama"]
    runs = llama.tasks["vector_mqar"].training
    assert rows["llama"] == ", ".join(f"{100 * run.optimality.value:.1f}" for run in runs)
    assert len(runs) == 3
    dots = [
        group
        for group in document.iter("{http://www.w3.org/2000/svg}g")
        if group.get("data-name") == "llama" and group.findall("{http://www.w3.org/2000/svg}circle")
    ]
    assert [len(group.findall("{http://www.w3.org/2000/svg}circle")) for group in dots] == [3, 3]


def test_a_model_has_one_colour_in_every_chart_of_the_site(documents):
    names = ["reference/gpt2", "reference/llama"]
    assert model_colour(names[0], names) != model_colour(names[1], names)
    seen: dict[str, set[str]] = {}
    svg = "{http://www.w3.org/2000/svg}g"
    for path, document in documents.items():
        if "/tasks/" not in path:
            continue
        for group in document.all(svg):
            if group.get("data-name") in ("llama", "gpt2", "mamba", "ana/quick_one"):
                (colour,) = [word for word in group.get("class").split() if word.startswith("c-")]
                seen.setdefault(group.get("data-name"), set()).add(colour)
    assert len(seen) == 4
    assert {name for name, colours in seen.items() if len(colours) > 1} == set()


def test_a_chart_of_many_models_draws_the_best_twenty():
    document = rendered(small_site(many_entries(40)), tasks, LINEAR)
    (figure,) = [element for element in document.iter("figure") if element.get("data-highlight") is not None]
    assert len(figure.get("data-models").split("\n")) == 20
    assert "The twenty best models are drawn." in text(figure)
    assert len(table(document, "Examples needed")) == 40


def test_the_tables_of_a_large_board_list_the_best_twenty_and_say_where_the_others_are(monkeypatch):
    monkeypatch.setattr(tasks, "ALL", 30)
    document = rendered(small_site(many_entries(40)), tasks, LINEAR)
    assert len(table(document, "Scores of models")) == len(table(document, "Examples needed")) == 20
    assert "The best 20 models; 20 more are on the board and in the CSV file." in text(document)


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    """The site of a board of many models."""
    folder = tmp_path_factory.mktemp("crowded") / "site"
    build(folder, many_entries(25))
    return folder


def test_a_model_beyond_the_best_twenty_is_drawn_once_it_is_named(browser, crowded):
    with serving(crowded) as at, seeing(browser, at, viewport={"width": 1440, "height": 900}) as page:
        page.goto(LINEAR)
        drawn = page.locator("figure[data-highlight]").first.get_attribute("data-models").split("\n")
        name, *_ = sorted({f"user-{k}/model-{k}" for k in range(25)} - set(drawn))
        field = page.get_by_label("Another model")
        field.fill(name)
        field.press("Enter")
        expect(page.locator("output")).to_have_text(f"{name} is drawn, thick.")
        more = page.locator(".wide g.more")
        expect(more).to_have_attribute("data-name", name)
        assert parse_qs(urlsplit(page.url).query)["more"] == [name]
        page.reload()
        expect(page.locator(".wide g.more")).to_have_attribute("data-name", name)
        field.fill("nobody")
        page.get_by_role("button", name="Draw it").click()
        expect(page.locator("output")).to_have_text("No model is called nobody.")


def test_a_board_without_models_has_no_charts_of_them():
    document = rendered(small_site(entries()), tasks, "paper-v1/tasks/linear_regression.html")
    assert "No model has a recorded result" in text(document)
    assert not [element for element in document.iter("figure") if element.get("data-highlight") is not None]
