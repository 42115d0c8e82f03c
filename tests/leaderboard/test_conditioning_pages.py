"""What the page of depth, loops and condition numbers says, on what is recorded."""

import pytest
from leaderboard.site_pages import page
from leaderboard.site_reading import text

from icl_bench.leaderboard.conditioning import (
    by_family,
    by_loops,
    condition_tasks,
    deep_models,
    exact_share,
    left_on,
    moved_tasks,
    read_out,
    trained_task,
)
from icl_bench.leaderboard.entries import recorded_entries
from icl_bench.leaderboard.findings.conditioning import conditioning_findings
from icl_bench.leaderboard.formats import score
from icl_bench.leaderboard.pages import conditioning
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.suites import load_suite

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def board() -> SuiteBoard:
    suite = load_suite("mini-conditioning")
    return SuiteBoard(suite, recorded_entries(suite, []), front=True)


@pytest.fixture(scope="module")
def site(board) -> Site:
    return Site([board], "2026-11-30", None, None)


def test_models_are_in_families_by_the_layers_that_they_apply(board):
    depths = {
        family: [deep.depth for deep in models] for family, models in by_family(deep_models(board)).items()
    }
    assert depths == {
        "attention": [1, 2, 4, 8],
        "linear attention": [2, 4],
        "looped attention": [1, 2, 4, 8],
    }
    assert {deep.looped for deep in by_family(deep_models(board))["looped attention"]} == {True}


def test_variants_are_read_off_the_suite(board):
    assert trained_task(board).name == "conditioned"
    assert {number: task.name for number, task in condition_tasks(board).items()} == {
        number: f"condition_{number}" for number in (1, 10, 100, 1_000, 10_000)
    }
    assert [(moved.task.name, moved.unmoved.name, moved.length) for moved in moved_tasks(board)] == [
        ("condition_100_moved", "condition_100", 0.1),
        ("condition_100_moved_further", "condition_100", 0.3),
    ]


def test_the_error_at_its_own_loops_is_that_of_the_model(board):
    """The read-out after the last loop is the answer: the first prompts' error, beside that of all."""
    task = trained_task(board)
    for deep in deep_models(board):
        finding = read_out(board, deep, task)
        errors = by_loops(finding)
        assert len(errors) == (33 if deep.looped else deep.depth + 1)
        left = left_on(deep, task).value
        share = exact_share(board, task)
        assert errors[deep.depth] == pytest.approx(share + left * (1 - share), rel=0.2)


def test_each_claim_stands_beside_its_numbers(site, board):
    claims = {claim.id: claim for claim in conditioning_findings(board)}
    assert list(claims) == [f"{board.suite.name}-{name}" for name in ("depth", "moved", "loops")]
    rows = claims[f"{board.suite.name}-depth"].table[1:]
    deep = next(deep for deep in deep_models(board) if deep.model.name == "zoo/attention-2")
    (row,) = [row for row in rows if row[0] == deep.model.name]
    assert row[3:] == tuple(score(left_on(deep, task).value) for task in condition_tasks(board).values())
    document = page(site, conditioning, "mini-conditioning-v1/depth.html")
    said = text(document)
    for claim in claims.values():
        assert claim.sentence in said
        assert claim.sentence.startswith("Claim (arXiv 2410.21698): ")
    assert {element.get("id") for element in document.iter("h2")} == {"depth", "condition", "loops", "moved"}


def test_a_suite_without_condition_numbers_has_no_such_page():
    suite = load_suite("mini")
    entries = [entry for entry in recorded_entries(suite, []) if entry.name == "reference/gpt2"]
    other = SuiteBoard(suite, entries, front=True)
    assert list(conditioning_findings(other)) == []
    assert list(conditioning.pages(Site([other], "2026-11-30", None, None))) == []
