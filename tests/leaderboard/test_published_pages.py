"""Printed scores stand beside ours; what is missing or 1 by construction does not look like a result."""

import pytest
import yaml
from leaderboard.site_reading import text
from raising import raises
from site_pages import page, small_site

from icl_bench.errors import SpecError
from icl_bench.leaderboard import published_scores as published_scores_module
from icl_bench.leaderboard.pages import published
from icl_bench.models.reference import reference_names
from icl_bench.suites import load_suite

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site():
    return small_site()


@pytest.fixture(scope="module")
def tree(site):
    return page(site, published, "published.html")


def rows_of(tree, task: str) -> dict[str, list]:
    """The cells of a task's table by architecture, the first column being the published one."""
    section = next(element for element in tree.iter("section") if element.get("aria-labelledby") == task)
    return {
        " ".join([row.find("th").text or "", *(a.text for a in row.iter("a"))]).strip(): row.findall("td")
        for row in section.find(".//tbody").findall("tr")
    }


def test_the_file_has_every_reference_and_no_other():
    published_scores = published.load_published()
    assert (
        sorted(published_scores.scores)
        == reference_names(published_scores.suite)
        == reference_names("mini-v1")
    )
    assert set(published_scores.baselines) == set(load_suite(published_scores.suite).tasks) - {"vector_mqar"}
    assert all(set(row) <= set(published_scores.baselines) for row in published_scores.scores.values())


def test_printed_scores_are_those_of_the_paper():
    """A cell of each column, the two that stand out, and how many cells were printed."""
    scores = published.load_published().scores
    assert scores["gpt2-rms"] == {
        "linear_regression": 0.997,
        "sparse_linear_regression": 0.535,
        "two_layer_mlp": 1.130,
        "decision_tree": 0.114,
    }
    assert scores["mamba"]["decision_tree"] == 0.832
    assert scores["llama"]["sparse_parity"] == 0.023
    assert sum(len(row) for row in scores.values()) == 4 * 12 + 6


def test_a_cell_that_is_its_own_baseline_is_starred_and_no_other(tree):
    starred = {
        (task, name)
        for task in load_suite("paper").tasks
        for name, cells in rows_of(tree, task).items()
        if "‡" in "".join(cells[0].itertext())
    }
    assert starred == {("decision_tree", "gpt2"), ("sparse_parity", "mamba")}


def test_a_starred_cell_that_is_not_1_is_refused(tmp_path, monkeypatch):
    text = yaml.safe_load((published_scores_module.data_folder("leaderboard") / "published.yaml").read_text())
    text["scores"]["gpt2"]["decision_tree"] = 0.9
    (tmp_path / "published.yaml").write_text(yaml.safe_dump(text))
    monkeypatch.setattr(published_scores_module, "data_folder", lambda name: tmp_path)
    with raises(SpecError, naming="gpt2"):
        published.load_published()


def test_ours_are_the_board_s_numbers_and_what_lacks_a_result_says_so(site, tree):
    data = site.boards[0].data
    known = {model.name: model for model in data.models}
    for task in data.tasks:
        for name, cells in rows_of(tree, task.name).items():
            assert len(cells) == 2  # published and mini-v1: paper-v1 has no results, and no column
            model = known.get(f"reference/{name}")
            if model is None or task.name not in model.tasks:
                assert "missing" in cells[1].get("class")
            else:
                assert float(cells[1].get("data-v")) == model.tasks[task.name].score.value


def test_a_suite_without_results_is_named_and_has_no_column(site, tree):
    assert "No results of the reference architectures are recorded for paper-v1 yet" in text(tree)


def test_sizes_come_from_specs_and_recipes(tree):
    sizes = text(next(element for element in tree.iter("table") if element.get("class") == "sizes"))
    assert "41 points, dims 20" in sizes
    assert "12 layers of width 256" in sizes
    assert "500,000 steps of 64 prompts" in sizes
    assert "11 points, dims 5" in sizes
    assert "5,000 steps, seeds 0, 1, 2" in sizes  # of the records


def test_without_any_results_the_printed_scores_stand_alone():
    tree = page(small_site(()), published, "published.html")
    assert all(len(cells) == 1 for cells in rows_of(tree, "linear_regression").values())


def test_a_column_beyond_the_best_known_predictor_is_said_to_have_another_unit(tree):
    (said,) = (text(item) for item in tree.iter("li") if "are in another unit than ours" in text(item))
    assert said.startswith("Two layer MLP: the printed scores, 112.3 to 113.0,")
    assert "nngp, the best known predictor, has a score of 105.7 against our baseline two_layer_nn" in said
    section = next(
        element for element in tree.iter("section") if element.get("aria-labelledby") == "two_layer_mlp"
    )
    assert "The units differ" in text(section)


def test_where_a_printed_score_is_within_reach_no_other_unit_is_named(monkeypatch):
    known = published.load_published()
    known.scores["gpt2"]["two_layer_mlp"] = 1.05
    monkeypatch.setattr(published, "load_published", lambda: known)
    assert "are in another unit than ours" not in text(page(small_site(()), published, "published.html"))
