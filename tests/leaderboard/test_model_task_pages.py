"""What pages of models, tasks and pairs say of small boards, and of what is not exact."""

import pytest
from fabricated import SUITE
from leaderboard.board_reading import headings, placed_entries
from leaderboard.site_reading import SVG, having, text
from site_pages import page, small_site

from icl_bench.leaderboard.pages import models
from icl_bench.suites import load_suite

pytestmark = pytest.mark.slow


def test_the_page_of_a_model_says_its_profile_and_why_it_has_no_place():
    site = small_site(placed_entries())
    data = {model.name: model for model in site.boards[0].data.models}

    def lead(name: str) -> str:
        return text(having(page(site, models, site.boards[0].page("models", name)), "lead")[0])

    llama = data["reference/llama"]
    assert lead(llama.name).startswith(
        f"On {SUITE} a mean gain of {100 * llama.graded.value:.1f} ({100 * llama.graded.low:.1f} to "
        f"{100 * llama.graded.high:.1f}) over the graded tasks, place 1= of the closed division by it; "
        "3 of 3 runs learned sparse parity"
    )
    assert "3 of 3 runs learned vector MQAR" in lead(llama.name)
    mean = f"{100 * llama.mean.value:.1f} ("
    assert f" Place 1= of that division by the mean over all tasks, {mean}" in lead(llama.name)
    assert "; 0 of 1 run learned sparse parity" in lead("ana/one")
    for name in ("ana/one", "ana/two"):
        assert "No place: a task has fewer than 3 training runs." in lead(name)
        assert "Place " not in lead(name)


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


def test_pairs_are_compared_by_task_and_by_both_means(documents):
    compared = documents[f"{SUITE}/compare/reference__llama.html"].root
    columns = headings(compared)
    assert columns[1:3] == ["mean over graded tasks", "mean over tasks"]
    assert len(columns) == 3 + len(load_suite(SUITE).tasks)
    assert "< 0.001" in text(compared)


def test_bars_end_in_an_arrow_where_a_score_is_off_their_scale(documents):
    tables = documents[f"{SUITE}/tasks/linear_regression.html"].all("table")
    cells = {
        cell.get("data-v"): row
        for table in tables
        if "data-sortable" in table.attrib
        for row in table.iter("tr")
        for cell in row
        if having(row, "bar")
    }
    for name, beyond, point in (
        ("reference/llama", 0, 1),
        ("baseline/zero", 0, 1),
        ("baseline/averaging", 1, 0),
    ):
        bar = having(cells[name], "bar")[0]
        assert len(having(bar, "beyond")) == beyond, name
        assert len(list(bar.iter(f"{SVG}circle"))) == point, name


def test_baselines_have_no_runs(documents):
    models, baselines = (
        heads
        for table in documents[f"{SUITE}/tasks/two_layer_mlp.html"].all("table")
        if "Score" in (heads := [text(cell) for cell in table.iter("th") if cell.get("scope") == "col"])
    )
    assert models == ["Model", "Score", "Score as a line", "Optimality = gain", "Runs", "Steps to learn"]
    assert baselines == ["Baseline", "Score", "Score as a line", "Optimality = gain"]


def test_metrics_that_are_alike_are_one_column(documents):
    columns = {
        "linear_regression": ["Score = optimality = gain"],
        "two_layer_mlp": ["Score", "Optimality = gain"],
        "sparse_parity": ["Score = optimality", "Gain"],
    }
    for task, expected in columns.items():
        table = next(
            table for table in documents[f"{SUITE}/tasks/{task}.html"].all("table") if is_scores(table)
        )
        heads = [text(cell) for cell in table.iter("th") if cell.get("scope") == "col"]
        assert [head for head in heads[1:-2] if head != "Score as a line"] == expected, task


def is_scores(table) -> bool:
    return text(next(table.iter("caption"), table)).startswith("Scores of models")


@pytest.mark.parametrize("suite", ["mini-v1", "paper-v1"])
def test_what_is_not_exact_is_called_the_best_known(documents, suite):
    inexact, exact = (documents[f"{suite}/tasks/{name}.html"] for name in ("two_layer_mlp", "decision_tree"))
    assert defined(inexact)["Best known predictor"].startswith("nngp: has an optimality of 100. Best known")
    assert "exact predictor" not in text(inexact.root)
    assert defined(exact)["Exact predictor"].startswith("tree_bayes: has an optimality of 100. Exact.")
    assert "best known" not in text(exact.root).lower()
    assert "here for two layer MLP." in text(documents["method.html"].root)


def defined(document) -> dict[str, str]:
    """What a task's page says of the task."""
    return dict(zip(map(text, document.all("dt")), map(text, document.all("dd")), strict=True))
