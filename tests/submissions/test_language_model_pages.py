"""The built site shows a submitted language model: what was recorded must not break it."""

import pytest
from fabricated import ADDRESS, DATE, REPOSITORY
from leaderboard.site_pages import other_files, pages
from leaderboard.site_reading import text
from submissions.language_models import TEXT_SUITE
from submissions.submitted import MODEL

from icl_bench.errors import ResultWarning
from icl_bench.leaderboard.pages import boards, models
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.ranking.compare import compare

pytestmark = pytest.mark.slow


@pytest.fixture
def site(text_entry, text_suite) -> Site:
    return Site([SuiteBoard(text_suite, [text_entry], True)], DATE, ADDRESS, REPOSITORY)


def test_its_page_says_which_files_were_fetched_and_how_to_reproduce_it(site, text_submitted):
    (page,) = [page for path, page in pages(site, models).items() if "/models/" in path]
    shown = text(page)
    for name, digest in text_submitted.value["runs"][0]["files"].items():
        assert name in shown
        assert digest in shown
    assert f"icl-bench reproduce {MODEL} --suite {TEXT_SUITE}" in shown
    assert text_submitted.value["training_data"] in shown


def test_it_stands_on_the_board_and_in_files(site):
    assert any(MODEL in text(page) for page in pages(site, boards).values())
    held = [path for path, content in other_files(site).items() if MODEL.encode() in content]
    assert f"data/{TEXT_SUITE}.json" in held


def test_its_record_is_compared_with_a_baseline(text_records, text_suite):
    """As the check of a pull request does."""
    record = text_records / f"{TEXT_SUITE}-seed-0.json"
    with pytest.warns(ResultWarning, match="does not answer the question"):  # its weights are random
        comparison = compare(str(record), "baseline/parity_bayes", TEXT_SUITE)
    assert (comparison.a, comparison.suite) == (MODEL, TEXT_SUITE)
