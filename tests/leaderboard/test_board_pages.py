"""What boards say of few models, of equal ones, and of what they are made of."""

import csv
import io
import json
from dataclasses import replace

import fabricated
import pytest
from fabricated import SUITE
from leaderboard.board_reading import entry, headings, placed_entries, rows, rows_of
from leaderboard.site_reading import SVG, having, text
from site_pages import page, small_site

from icl_bench.leaderboard import formats
from icl_bench.leaderboard.entries import Entry
from icl_bench.leaderboard.findings import cards
from icl_bench.leaderboard.pages import boards, compare, files, models, published, tasks
from icl_bench.suites import load_suite

pytestmark = pytest.mark.slow

FRONT = "index.html"
APART = "What this board cannot separate"


@pytest.mark.parametrize(
    ("shown", "sentence"),
    [
        ([], "No model has a result on every task yet, so none has a place."),
        ([entry("reference/llama", 0)], "One model has a result on every task."),
        (
            [entry("reference/llama", 0), entry("ana/other", 0)],
            "No model has 3 training runs of every task yet, so none has a place",
        ),
        (
            placed_entries(),
            "3 of 5 models with every task have 3 training runs of each and so a place among those that "
            "have: 2 distinct places. 1 has a task with one training run.",
        ),
        (
            [entry("reference/llama", 0, 1, 2), entry("ana/two", 0, 1)],
            "1 of 2 models with every task has 3 training runs of each and so a place among those that have: "
            "1 distinct place.",
        ),
    ],
)
def test_a_board_of_few_says_what_can_be_distinguished(shown, sentence):
    apart = text(page(small_site(shown), boards, FRONT)).partition(APART)[2]
    assert sentence in apart
    assert ("with one training run" in apart) == any(len(one.records) == 1 for one in shown[1:])


def test_a_model_of_three_runs_has_a_place_and_any_other_a_dash_with_the_reason(documents, site_folder):
    """A banner says once of how many models little is known; no row repeats it."""
    by_name = rows(documents[FRONT])
    few, lacks = "a task has fewer than 3 training runs", "a task is missing, or has no interval"
    for name, shown in (
        ("reference/llama", "1"),
        ("ana/quick_one", f"–no place: {few}"),  # two runs
        ("reference/gpt2", f"–no place: {few}"),
        ("reference/gpt2-rms", f"–no place: {lacks}"),
        ("baseline/ridge", "–no place"),
    ):
        assert text(by_name[name][0]) == shown, name
    (banner,) = having(documents[FRONT].root, "banner")
    assert text(banner).startswith("No place: 6 of 8 models have one run of a task, and what another seed")
    assert "1 has no place since tasks are missing or have fewer than 3 runs." in text(banner)
    assert "The numbers of 2 are means of several runs" in text(banner)
    (table,) = [element for element in documents[FRONT].all("table") if "board" in element.get("class", "")]
    assert not [mark for mark in "§‡✓" if mark in text(table)]
    data = json.loads((site_folder / f"data/{SUITE}.json").read_text(encoding="utf-8"))
    marked = {model["name"] for model in [*data["models"], *data["baselines"]] if model["one_run"]}
    compared = rows(documents[f"{SUITE}/compare/reference__llama.html"])
    assert {name for name, row in compared.items() if having(row, "once")} == marked
    once, several = (
        text(documents[f"{SUITE}/models/reference__{name}.html"].root) for name in ("gpt2", "llama")
    )
    assert "§ 6 of 6 tasks were trained once." in once
    assert "§" not in several


def test_equal_models_share_a_place_and_one_far_behind_has_that_after_them():
    site = small_site(placed_entries())
    by_name = rows_of(page(site, boards, FRONT))
    places = {name: (text(row[0]), row[0].get("data-v")) for name, row in by_name.items()}
    assert places["reference/llama"] == places["reference/gpt2"] == ("1=", "1")
    assert places["ana/far"] == ("3", "3")
    assert places["ana/two"][1] is None
    graded = {name: [text(part) for part in having(row[3], "ci")][1:] for name, row in by_name.items()}
    assert graded["reference/llama"] == ["place 1="]
    assert (graded["ana/far"], graded["ana/two"]) == (["place 3"], [])


def test_a_place_is_that_of_a_division_and_says_so():
    """The word stands below places of the open division, since a column is far from the place."""
    shown = [
        replace(each, division="closed" if each.name.startswith("reference/") else "open")
        for each in placed_entries()
    ]
    site = small_site(shown)
    front = page(site, boards, FRONT)
    by_name = rows_of(front)
    assert text(by_name["reference/llama"][0]) == text(by_name["reference/gpt2"][0]) == "1="
    assert text(by_name["ana/far"][0]) == "1open"
    assert by_name["ana/far"][0].get("data-v") == "1"  # by which the column sorts, and which the CSV has
    for name, row in by_name.items():
        division = {"reference": "closed", "ana": "open"}.get(name.partition("/")[0])
        assert row.get("data-division") == division, name
        assert row[-1].get("data-v") == division, name
    apart = text(front).partition(APART)[2]
    assert "2 distinct places" in apart
    own = text(page(site, models, f"{SUITE}/models/ana__far.html"))
    assert "place 1 of the open division" in own
    badge = files.badge_value(site.boards[0].data, site.boards[0].data.models[-1])
    assert badge.endswith(" · place 1 (open)")
    table = list(csv.DictReader(io.StringIO(files.board_csv(site.boards[0].data))))
    assert {(row["model"], row["division"]) for row in table if row["model"] == "ana/far"} == {
        ("ana/far", "open")
    }
    assert {row["division"] for row in table if row["kind"] == "baseline"} == {""}
    (finding,) = [card for card in cards(site.boards[0]) if card.id == f"{SUITE}-leader"]
    assert "share the first place of 2 models of the closed division" in finding.sentence


def test_an_all_or_nothing_task_says_how_many_runs_learned_it_and_how_soon():
    site = small_site(placed_entries())
    front = page(site, boards, FRONT)
    columns = headings(front)
    assert columns[:4] == ["#Place", "Model", "Mean", "Graded"]
    assert columns[8:12] == ["Sparse parity", "Vector MQAR", "Params", "State"]
    assert columns[12:] == ["FLOPs", "Seeds", "Division"]
    by_name = rows_of(front)
    for name, shown, further, value in (
        ("reference/llama", "3/3", "1,200 steps", 1),
        ("ana/two", "2/2", "1,200 steps", 1),
        ("ana/far", "0/3", "gain ", 0),
    ):
        cell = by_name[name][8]
        assert text(having(cell, "v")[0]) == shown, name
        assert text(having(cell, "ci")[1]).startswith(further), name
        assert float(cell.get("data-v")) == value, name
    llama = by_name["reference/llama"][8]
    assert text(having(llama, "ci")[0]) == "p 0.464 to 1"
    (seeds,) = having(llama, "seeds")
    assert [float(gain) >= 90 for gain in text(seeds).split()[1:]] == [True] * 3
    ridge = by_name["baseline/ridge"][8]  # is not trained: its gain
    assert "/" not in text(ridge)


def test_a_cell_of_several_runs_says_the_gain_of_each():
    by_name = rows_of(page(small_site(placed_entries()), boards, FRONT))
    cell = by_name["reference/llama"][4]
    (seeds,) = having(cell, "seeds")
    gains = [float(gain) for gain in text(seeds).split()[1:]]
    assert len(gains) == 3
    assert sum(gains) / 3 == pytest.approx(100 * float(cell.get("data-v")), abs=0.1)
    (dots,) = having(cell, "dots")
    places = [float(dot.get("cx")) for dot in dots.iter(f"{SVG}circle")]
    assert places == pytest.approx([2 + 60 * formats.depth(gain / 100) for gain in gains], abs=0.5)
    assert having(by_name["ana/one"][4], "seeds") == []


def test_what_a_model_is_made_of_stands_beside_a_name_that_says_otherwise():
    """`llama-rope-swigluless` has no RoPE."""
    name, made_of = "llama-rope-swigluless", "no positions, mamba first · attention · mamba · rmsnorm"
    records = [fabricated.record(f"reference/{each}", 0.2, like=each) for each in (name, "llama")]
    site = small_site([Entry(record.model.id, [record]) for record in records])
    chips = {
        name: having(row[1], "parts")[0]
        for name, row in rows_of(page(site, boards, FRONT)).items()
        if not name.startswith("baseline/")
    }
    words = ["attention + Mamba", "Mamba first", "no feed-forward", "RMSNorm"]
    assert [text(chip) for chip in chips[f"reference/{name}"]] == words
    assert [text(chip) for chip in chips["reference/llama"]] == ["attention", "RoPE", "SwiGLU", "RMSNorm"]
    for module, path in (
        (tasks, f"{SUITE}/tasks/linear_regression.html"),
        (compare, f"{SUITE}/compare/reference__llama.html"),
        (published, "published.html"),
    ):
        bodies = [body for body in page(site, module, path).iter("tbody")]
        cells = [text(cell) for body in bodies for cell in body.iter("th") if name in text(cell)]
        assert cells, path
        assert [cell for cell in cells if made_of not in cell] == [], path
    for module, path in (
        (models, f"{SUITE}/models/reference__{name}.html"),
        (compare, f"{SUITE}/compare/reference__{name}.html"),
        (compare, "compare.html"),
    ):
        assert made_of in text(page(site, module, path)), path
    options = [text(option) for option in page(site, compare, "compare.html").iter("option")]
    assert f"reference/{name} ({made_of})" in options
    figures = page(site, tasks, f"{SUITE}/tasks/linear_regression.html").iter("figure")
    chart = next(text(figure) for figure in figures if "context length" in text(figure))
    assert made_of in chart
    assert "RoPE" not in chart  # llama is what its name says


def test_a_board_of_models_with_several_runs_has_no_caveat_of_one(documents):
    seeds = [entry("reference/llama", 0, 1, 2), entry("reference/gpt2", 0, 1, 2)]
    front = page(small_site(seeds), boards, FRONT)
    assert "have a task with one training run" not in text(front)
    assert text(having(front, "banner")[0]).startswith(
        "The numbers of 2 are means of several runs, each a dot."
    )
    assert "have a task with one training run" in text(documents[FRONT].root)


def test_state_is_that_at_the_end_of_the_longest_prompt_and_sorts_so(documents, site_folder):
    suite = load_suite(SUITE)
    tokens = max(2 * task.points - 1 for task in suite.tasks.values())
    (definition,) = [item for item in documents[FRONT].all("li") if item.get("id") == "key-state"]
    assert f"at the end of the longest prompt ({tokens} tokens)" in text(definition)
    entries = {entry.name: entry for entry in fabricated.entries()}
    for name in ("reference/llama", "reference/mamba", "ana/quick_one"):
        costs = entries[name].accounts(suite).values()
        state = max(cost.state_fixed for cost in costs) + tokens * max(cost.state_per_token for cost in costs)
        assert [cell.get("data-v") for cell in rows(documents[FRONT])[name]][-4] == str(state), name


def test_names_go_on_in_the_next_line_after_a_dash_below_alone(documents):
    (cell,) = [element for element in rows(documents[FRONT])["baseline/two_layer_nn"] if element.tag == "th"]
    (name,) = having(cell, "of")
    assert [name.text, *(element.tail for element in name.iter("wbr"))] == ["two_", "layer_", "nn"]
