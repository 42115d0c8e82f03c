"""What pages say of shifts and probes, on the recorded results of one reference."""

import csv
import io

import pytest
from leaderboard.site_pages import other_files, page
from leaderboard.site_reading import text

from icl_bench.frozen.anchors import IDEAL
from icl_bench.leaderboard.entries import Entry, recorded_entries
from icl_bench.leaderboard.findings.probed import probe_findings
from icl_bench.leaderboard.findings.shifts import shift_findings
from icl_bench.leaderboard.formats import spaced
from icl_bench.leaderboard.pages import boards, models, tasks
from icl_bench.leaderboard.shifted import shifted_rows
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.predictor import BASELINE_PREFIX
from icl_bench.probes.nearest_algorithm import NearestAlgorithm
from icl_bench.resources import data_folder
from icl_bench.suites import load_suite

pytestmark = pytest.mark.slow

NAME = "reference/gpt2"


@pytest.fixture(scope="module")
def site() -> Site:
    """The boards of mini-v1 and mini-shifts-v1 with gpt2 alone."""

    def board(name: str, front: bool) -> SuiteBoard:
        suite = load_suite(name)
        recorded: list[Entry] = recorded_entries(suite, [])
        return SuiteBoard(suite, [entry for entry in recorded if entry.name == NAME], front)

    return Site([board("mini", True), board("mini-shifts", False)], "2026-11-29", None, None)


def rows_of(document, label: str) -> list[list[str]]:
    (region,) = [element for element in document.iter() if element.get("aria-label") == label]
    return [[text(cell) for cell in row] for row in next(region.iter("tbody"))]


def test_a_row_has_the_gains_in_distribution_shifted_and_of_the_ideal(site):
    rows = {row.task: row for row in shifted_rows(site, NAME)}
    assert list(rows) == list(load_suite("mini-shifts").tasks)
    base, shifts = (board.data.models[0].tasks for board in site.boards)
    row = rows["tree_deeper"]
    assert row.trained == base["decision_tree"].estimates["gain"]
    assert row.shifted == shifts["tree_deeper"].estimates["gain"]
    (ideal,) = [model for model in site.boards[1].data.baselines if model.name == BASELINE_PREFIX + IDEAL]
    assert row.ideal == ideal.tasks["tree_deeper"].estimates["gain"]
    assert rows["tree_biased"].ideal.value == pytest.approx(1, abs=1e-9)
    assert shifted_rows(site, "reference/nobody") == []


def test_both_pages_of_a_model_show_its_shifts_and_what_it_cannot_read(site):
    slug = site.boards[0].slugs[NAME]
    for suite in ("mini-v1", "mini-shifts-v1"):
        document = page(site, models, f"{suite}/models/{slug}.html")
        rows = {row[0]: row for row in rows_of(document, "Shifts")}
        assert len(rows) == len(load_suite("mini-shifts").tasks)
        assert "64 positions" in rows["retrieval more"][2]


def test_the_board_of_shifts_shows_the_ideal_without_unfolding(site):
    document = page(site, boards, "mini-shifts-v1/index.html")
    shown = [
        row for body in document.iter("tbody") if body.get("class") == "baselines" for row in body.iter("tr")
    ]
    assert any(IDEAL in text(row) for row in shown)


def test_a_task_page_names_the_nearest_algorithm_and_the_task_of_training(site):
    document = page(site, tasks, "mini-v1/tasks/linear_regression.html")
    ((name, nearest, distance, _),) = rows_of(document, "Nearest algorithm")
    finding = site.boards[0].by_name[NAME].findings["nearest_algorithm"]["linear_regression"][0]
    assert NAME in name
    assert nearest == finding.label.replace("_", " ")
    assert distance.startswith("0.0")
    variant = page(site, tasks, "mini-shifts-v1/tasks/linear_noise.html")
    assert "mini-v1/linear_regression" in text(variant)


def test_every_number_of_the_probes_is_in_a_csv_file(site):
    rows = list(csv.DictReader(io.StringIO(other_files(site)["data/mini-v1-probes.csv"].decode())))
    findings = site.boards[0].by_name[NAME].findings
    numbers = sum(
        1 + len(finding.values)
        for by_task in findings.values()
        for by_seed in by_task.values()
        for finding in by_seed
    )
    assert len(rows) == numbers
    (row,) = [
        row
        for row in rows
        if (row["probe"], row["task"], row["number"])
        == ("depth_readout", "linear_regression", "after the last layer")
    ]
    known = findings["depth_readout"]["linear_regression"][0].values["after the last layer"]
    assert (float(row["value"]), float(row["low"]), float(row["high"])) == (
        known.value,
        known.low,
        known.high,
    )
    assert (data_folder("submissions") / NAME / "results" / "mini-v1-seed-0.probes.json").is_file()


def test_findings_of_shifts_say_what_breaks_and_who_cannot_read(site):
    """gpt2 alone: its ideal on five variants, one that it cannot read, and every variant in a table."""
    known = {finding.id: finding for finding in shift_findings(site.boards[1])}
    assert sum("-ideal-" in name for name in known) == 5
    noise = known["mini-shifts-v1-ideal-linear-noise"]
    assert "1 of 1 models are above" in noise.sentence
    assert "it fails on these prompts" in noise.sentence
    assert "0 of 1 models" in known["mini-shifts-v1-ideal-parity-larger"].title
    table = known["mini-shifts-v1-every-variant"].table
    tasks_read = set(load_suite("mini-shifts").tasks) - {"retrieval_more"}
    (model,) = site.boards[1].data.models
    gains = {task: model.tasks[task].estimates["gain"].value for task in tasks_read}
    assert [row[0] for row in table[1:]] == [spaced(task) for task in sorted(gains, key=gains.__getitem__)]
    assert list(shift_findings(site.boards[0])) == []


def test_findings_of_probes_name_algorithms_that_are_told_apart(site):
    known = {finding.id: finding for finding in probe_findings(site.boards[0])}
    finding = site.boards[0].by_name[NAME].findings["nearest_algorithm"]["linear_regression"][0]
    nearest = known["mini-v1-nearest-linear-regression"]
    (margin,) = NearestAlgorithm().further(finding).values()
    assert ("for 1" in nearest.sentence) == (margin.low > 0)
    assert "least squares" in nearest.sentence
    assert "untrained networks" in known["mini-v1-gradient-steps-linear-regression"].sentence
    assert len(known["mini-v1-order"].table) == 1 + len(load_suite("mini").tasks)
    assert list(probe_findings(site.boards[1])) == []
