"""What the changelog says of rows follows from records, replaced ones included, and from their dates."""

import csv
import io
from dataclasses import replace

import pytest
from fabricated import SUITE
from leaderboard.site_pages import other_files, page, small_site
from leaderboard.site_reading import text

from icl_bench.leaderboard import changes as module
from icl_bench.leaderboard.changes import changes
from icl_bench.leaderboard.pages import changelog

pytestmark = pytest.mark.slow

CORRECTED = "ana/quick_one"
FOLDER = "submissions/ana__quick_one"
REPLACED = f"{FOLDER}/results/superseded/{'b2' * 6}/{SUITE}-seed-0.json"


@pytest.fixture(scope="module", autouse=True)
def _no_replaced_references(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "data_folder", lambda name: tmp_path_factory.getbasetemp())
        yield


@pytest.fixture(scope="module")
def site():
    dates = {
        FOLDER: "2025-03-01",
        f"{FOLDER}/results/{SUITE}-seed-0.json": "2025-01-01",
        f"{FOLDER}/results/{SUITE}-seed-1.json": "2025-03-01",
        f"{FOLDER}/results/other-v1-seed-0.json": "2024-01-01",
        REPLACED: "2025-03-01",
        "submissions/reference/llama": "2025-05-01",
    }
    return replace(small_site(), dates=dates)


@pytest.fixture(scope="module")
def rows(site) -> list[dict[str, str]]:
    content = other_files(site)[f"data/{SUITE}-changes.csv"].decode()
    return list(csv.DictReader(io.StringIO(content)))


def test_every_model_was_added_on_the_day_of_its_first_record(site, rows):
    added = {row["model"]: row["date"] for row in rows if row["kind"] == "added"}
    assert set(added) == {entry.name for entry in site.boards[0].entries}
    assert added[CORRECTED] == "2025-01-01"
    assert added["reference/llama"] == "2025-05-01"
    assert added["reference/mamba"] == ""


def test_a_replaced_run_is_listed_with_its_number_then_and_now(site, rows):
    board = site.boards[0]
    (correction,) = board.by_name[CORRECTED].submitted.corrections
    superseded = {row["task"]: row for row in rows if row["kind"] == "superseded"}
    assert {row["model"] for row in superseded.values()} == {CORRECTED}  # another's was replaced by itself
    assert set(superseded) == set(board.suite.tasks)
    for task, row in superseded.items():
        assert (row["seed"], row["date"], row["reason"]) == ("0", "2025-03-01", correction.reason)
        assert float(row["before"]) == correction.record.tasks[task].optimality.value
        assert float(row["now"]) == board.by_name[CORRECTED].records[0].tasks[task].optimality.value


def test_a_row_that_replaced_runs_moved_says_from_where_to_where(rows):
    """Its share of what is left was 0.5, worse than all but two; now it is 0.1, the best."""
    (moved,) = [row for row in rows if row["kind"] == "moved"]
    assert (moved["model"], moved["date"]) == (CORRECTED, "2025-03-01")
    assert moved["position_now"] == "1"
    assert 1 < int(moved["position_before"]) < 7


def test_the_newest_changes_come_first(rows):
    dates = [row["date"] for row in rows]
    assert dates == sorted(dates, reverse=True)


def test_the_page_has_the_same_changes_and_leads_to_the_models(site, rows, monkeypatch):
    tree = page(site, changelog, "changelog.html")
    table = next(tree.iter("table"))
    shown = [[text(cell) for cell in row] for row in table.iter("tr")][1:]
    kinds = [row[1] for row in shown]
    assert kinds.count("added") == sum(row["kind"] == "added" for row in rows)
    (superseded,) = [row for row in shown if row[1] == "superseded"]
    assert superseded[0] == "2025-03-01"
    assert superseded[2] == CORRECTED
    assert all(f"{100 * float(row['before']):.1f}" in superseded[3] for row in rows if row["before"])
    links = {link.get("href") for link in table.iter("a")}
    assert {site.boards[0].page("models", entry.name) for entry in site.boards[0].entries} <= links
    monkeypatch.setattr(changelog, "ROWS", 2)
    said = text(page(site, changelog, "changelog.html"))
    assert f"The newest 2 of {len(shown)} changes" in said


def test_the_reason_of_a_reference_s_replaced_run_is_that_of_the_table_beside_it(tmp_path):
    """A record that was replaced for one task alone gives a reason for no other."""
    (tmp_path / "README.md").write_text(
        "| records | replaced in | reason |\n| --- | --- | --- |\n"
        "| `*/mini-v1-seed-0.json`, task sparse_parity; `*/mini-v1-seed-1.json` | `runs` | too short |\n"
    )
    record = small_site().boards[0].entries[0].records[0]
    of_seed_0 = module._reasons(tmp_path, "llama/mini-v1-seed-0.json", record)
    assert of_seed_0 == {"sparse_parity": "too short"}
    assert set(module._reasons(tmp_path, "llama/mini-v1-seed-1.json", record)) == set(record.tasks)
    assert module._reasons(tmp_path, "llama/mini-v1-seed-2.json", record) == {}


def test_local_records_are_no_change(site):
    board = site.boards[0]
    entries = [replace(entry, local=entry.name == CORRECTED) for entry in board.entries]
    local = replace(board, entries=entries)
    assert CORRECTED not in {change.model for change in changes(site, local)}
