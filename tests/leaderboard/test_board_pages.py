"""What boards, tasks and pairs say of small boards, of equal models, and of what is not exact."""

import json

import fabricated
import pytest
from fabricated import SUITE
from leaderboard.site_reading import SVG, having, text
from site_pages import page, small_site

from icl_bench.leaderboard.entries import Entry
from icl_bench.leaderboard.pages import boards, compare, models, published, tasks
from icl_bench.suites import load_suite

pytestmark = pytest.mark.slow

FRONT = "index.html"
APART = "What this board cannot separate"


def rows(document) -> dict:
    """The rows of a board by the name of their model."""
    (table,) = [element for element in document.all("table") if "board" in element.get("class", "")]
    bodies = [row for body in table.iter("tbody") for row in body.iter("tr")]
    return {next(cell for cell in row if cell.tag == "th").get("data-v"): row for row in bodies}


def entry(name: str, *seeds: int) -> Entry:
    """A model of one run a seed."""
    return Entry(name, [fabricated.record(name, 0.2, seed=seed) for seed in seeds])


@pytest.mark.parametrize(
    ("shown", "sentence"),
    [
        ([], "No model has a result on every task yet, so none has a rank."),
        ([entry("reference/llama", 0)], "One model has a result on every task."),
        ([entry("reference/llama", 0), entry("ana/other", 0)], "2 ranked models fall into"),
    ],
)
def test_a_board_of_few_says_what_can_be_distinguished(shown, sentence):
    apart = text(page(small_site(shown), boards, FRONT)).partition(APART)[2]
    assert sentence in apart
    assert ("with one training run" in apart) == bool(shown)


def test_rank_group_and_name_of_a_model_with_one_run_are_marked(documents, site_folder):
    """Its interval is narrower than that of several honest runs."""
    by_name = rows(documents[FRONT])
    for name, once in (("reference/gpt2", 1), ("reference/llama", 0), ("baseline/ridge", 0)):
        for cell in list(by_name[name])[:2]:
            assert [element.get("title") for element in having(cell, "once")] == [
                "one training run"
            ] * once, name
            assert text(cell).count("§") == once, name
    assert "§ a task with one training run" in text(documents[FRONT].root)
    data = json.loads((site_folder / f"data/{SUITE}.json").read_text(encoding="utf-8"))
    marked = {model["name"] for model in [*data["models"], *data["baselines"]] if model["one_run"]}
    ranked = {name for name, row in by_name.items() if having(row, "once")}
    assert marked - ranked == {"reference/gpt2-rms"}  # which has no rank
    assert ranked <= marked
    groups = next(element for element in documents[FRONT].all("ol") if element.get("class") == "groups")
    assert len(having(groups, "once")) == len(ranked)
    compared = rows(documents[f"{SUITE}/compare/reference__llama.html"])
    assert {name for name, row in compared.items() if having(row, "once")} == marked
    once, several = (
        text(documents[f"{SUITE}/models/reference__{name}.html"].root) for name in ("gpt2", "llama")
    )
    assert "§ 6 of 6 tasks were trained once." in once
    assert "§" not in several


def test_what_a_model_is_made_of_stands_beside_a_name_that_says_otherwise():
    """`llama-rope-swigluless` has no RoPE."""
    name, made_of = "llama-rope-swigluless", "no positions, mamba first · attention · mamba · rmsnorm"
    records = [fabricated.record(f"reference/{each}", 0.2, like=each) for each in (name, "llama")]
    site = small_site([Entry(record.model.id, [record]) for record in records])
    for module, path in (
        (boards, FRONT),
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
    assert "have a task with one training run" not in text(page(small_site(seeds), boards, FRONT))
    assert "have a task with one training run" in text(documents[FRONT].root)


def test_the_form_does_not_begin_with_a_model_and_itself():
    for shown in ([entry("reference/llama", 0)], fabricated.entries()):
        (form,) = page(small_site(shown), compare, "compare.html").iter("form")
        chosen = []
        for select in form.iter("select"):
            options = list(select.iter("option"))
            marked = [option for option in options if "selected" in option.attrib]
            chosen.append((marked or options)[0].get("value"))
        assert len(set(chosen)) == 2


def test_a_pair_says_where_a_model_has_one_run(documents):
    """Its interval knows nothing of other seeds."""
    several = text(documents[f"{SUITE}/compare/reference__llama.html"].root)
    lead = several.partition("Pair by pair")[0]
    assert "has a task with one training run" not in lead
    assert "reference/gpt2 has a task with one training run" in several
    assert "baseline/ridge has a task" not in several
    single = text(documents[f"{SUITE}/compare/reference__gpt2.html"].root)
    assert "reference/gpt2 has a task with one training run" in single.partition("Pair by pair")[0]
    assert "reference/gpt2 and reference/mamba have a task with one training run" in single


def test_a_pair_far_apart_has_a_p_value_at_most_that_of_the_floor(documents):
    page_text = text(documents[f"{SUITE}/compare/reference__llama.html"].root)
    assert "≤ 0.006" in page_text  # 2 / 2,001, for six tasks
    assert "≤ 0.001" in page_text


def test_bars_end_in_an_arrow_where_a_mean_is_off_their_scale(documents):
    by_name = rows(documents[FRONT])
    for name, beyond, point in (
        ("reference/llama", 0, 1),
        ("baseline/zero", 0, 1),
        ("baseline/averaging", 1, 0),
        ("baseline/least_squares", 1, 0),
    ):
        (bar,) = having(by_name[name], "bar")
        assert len(having(bar, "beyond")) == beyond, name
        assert len(list(bar.iter(f"{SVG}circle"))) == point, name


def test_state_is_that_at_the_end_of_the_longest_prompt_and_sorts_so(documents, site_folder):
    suite = load_suite(SUITE)
    tokens = max(2 * task.points - 1 for task in suite.tasks.values())
    (head,) = [element for element in documents[FRONT].all("abbr") if text(element) == "State"]
    assert f"longest prompt: {tokens} tokens" in head.get("title")
    entries = {entry.name: entry for entry in fabricated.entries()}
    for name in ("reference/llama", "reference/mamba", "ana/quick_one"):
        costs = entries[name].accounts(suite).values()
        state = max(cost.state_fixed for cost in costs) + tokens * max(cost.state_per_token for cost in costs)
        assert [cell.get("data-v") for cell in rows(documents[FRONT])[name]][-3] == str(state), name


def test_names_go_on_in_the_next_line_after_a_dash_below_alone(documents):
    (cell,) = [element for element in rows(documents[FRONT])["baseline/two_layer_nn"] if element.tag == "th"]
    (name,) = having(cell, "of")
    assert [name.text, *(element.tail for element in name.iter("wbr"))] == ["two_", "layer_", "nn"]


def test_baselines_have_no_runs(documents):
    models, baselines = (
        [text(cell) for cell in table.iter("th") if cell.get("scope") == "col"]
        for table in documents[f"{SUITE}/tasks/two_layer_mlp.html"].all("table")
        if "data-sortable" in table.attrib
    )
    assert models == ["Model", "Score", "Score as a line", "Optimality", "Runs", "Steps to learn"]
    assert baselines == ["Baseline", "Score", "Score as a line", "Optimality"]


@pytest.mark.parametrize("suite", ["mini-v1", "paper-v1"])
def test_what_is_not_exact_is_called_the_best_known(documents, suite):
    inexact, exact = (documents[f"{suite}/tasks/{name}.html"] for name in ("two_layer_mlp", "decision_tree"))
    assert defined(inexact)["Best known predictor"].startswith("nngp: has an optimality of 1. Best known")
    assert "exact predictor" not in text(inexact.root)
    assert defined(exact)["Exact predictor"].startswith("tree_bayes: has an optimality of 1. Exact.")
    assert "best known" not in text(exact.root).lower()
    assert "here for two layer MLP." in text(documents["method.html"].root)


def defined(document) -> dict[str, str]:
    """What a task's page says of the task."""
    return dict(zip(map(text, document.all("dt")), map(text, document.all("dd")), strict=True))
