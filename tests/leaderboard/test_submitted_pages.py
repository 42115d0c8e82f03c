"""A submitted model's page and data: who submitted which files, fresh prompts, corrections; all is text."""

import json
import re

import pytest
from fabricated import CONFIRMED_BY, HOSTILE, LONG, MARKUP, REPOSITORY, SUITE
from leaderboard.site_reading import Document, having, text

from icl_bench.evaluation.gaps import beyond_sampling_error
from icl_bench.leaderboard.data import BoardData
from icl_bench.leaderboard.links import slugs

NAME = "ana/quick_one"


@pytest.fixture(scope="module")
def data(site_folder) -> BoardData:
    return BoardData.model_validate_json((site_folder / f"data/{SUITE}.json").read_text(encoding="utf-8"))


@pytest.fixture
def seen(documents):
    """The page of a model."""

    def page(name: str) -> Document:
        return documents[f"{SUITE}/models/{slugs([name])[name]}.html"]

    return page


def pairs(page: Document) -> dict[str, str]:
    """What stands beside what in its lists of pairs."""
    return {
        text(dt): text(dd)
        for element in page.all("dl")
        for dt, dd in zip(element.iter("dt"), element.iter("dd"), strict=True)
    }


def test_the_page_says_who_submitted_what(seen, data):
    page, (model,) = seen(NAME), [model for model in data.models if model.name == NAME]
    facts = pairs(page)
    assert facts["Authors"] == "Trained < 1 h., 李"
    assert facts["Licence"] == model.submission.licence == "apache-2.0"
    assert facts["Training data"] == "Trained < 1 h. Trained < 1 h."
    assert facts["Paper"] == "https://paper.example/?a=1&b=2"
    assert facts["Seed 1"] == f"{NAME} at commit {'a1' * 20}"
    (paper,) = [element for element in page.all("a") if element.get("href") == facts["Paper"]]
    assert paper.get("rel") == "nofollow noopener"
    hashes = [text(element) for element in having(page.root, "hash")]
    for run in model.submission.runs:
        assert run.files
        assert set(run.files.values()) <= set(hashes)
    assert (model.state, model.division) == ("confirmed", "open")
    (statement,) = [element for element in page.all("a") if text(element) == "their statement"]
    assert statement.get("href") == model.submission.confirmed_by == CONFIRMED_BY


def test_the_page_has_the_command_that_reproduces_the_row(seen):
    commands = [text(element) for element in seen(NAME).all("pre")]
    clone = f"git clone {REPOSITORY} icl-bench-checkout pip install --editable icl-bench-checkout"
    assert commands.index(clone) < commands.index(f"icl-bench reproduce {NAME} --suite {SUITE}")
    assert f"icl-bench reproduce reference/gpt2 --suite {SUITE}" in [
        text(element) for element in seen("reference/gpt2").all("pre")
    ]
    unlisted = [text(element) for element in seen("ana/Quick_one").all("pre")]
    assert f"icl-bench evaluate ana/Quick_one@{'a1' * 20} --suite {SUITE}" in unlisted


def test_a_gap_beyond_sampling_error_is_shown_and_warned_of(seen, data):
    page, (model,) = seen(LONG), [model for model in data.models if model.name == LONG]
    (warning,) = having(page.root, "warning")
    assert text(warning).startswith(
        "Worse on fresh prompts. On linear regression, sparse parity its error is larger"
    )
    (table,) = [element for element in page.all("table") if "Gap" in text(element)]
    rows = {text(row[0]): text(row[1]) for row in table.iter("tr") if row[0].get("scope") == "row"}
    worse = {task for task, verdict in rows.items() if verdict.endswith("worse than sampling explains")}
    assert worse == {"linear regression", "sparse parity"}
    assert len(rows) == len(data.tasks)
    assert {result.task for result in model.submission.fresh if result.beyond} == {
        "linear_regression",
        "sparse_parity",
    }
    for result in model.submission.fresh:
        assert result.beyond == beyond_sampling_error(result.gap, tasks=len(model.submission.fresh))
    assert "+30.0 25.0 to 35.0" in text(table)


def test_a_model_within_sampling_error_is_not_warned_of(seen):
    page = seen(NAME)
    assert having(page.root, "warning") == []
    (table,) = [element for element in page.all("table") if "Gap" in text(element)]
    assert text(table).count("+1.0 −1.0 to 3.0") == 11  # six tasks, two seeds, of which one lacks the last
    assert "sampling explains" not in text(table)


def test_results_that_were_replaced_are_reported_with_the_reason(seen, data):
    page, (model,) = seen(NAME), [model for model in data.models if model.name == NAME]
    (was,) = model.submission.corrections
    assert (was.revision, was.reason, len(was.scores)) == ("b2" * 20, "Trained < 1 h.", len(data.tasks))
    (table,) = [element for element in page.all("table") if "Why they were replaced" in text(element)]
    assert "b2" * 20 in text(table)
    assert "Trained < 1 h." in text(table)
    assert re.search(r"linear regression \d\d\.\d,", text(table))
    assert "corrections" not in seen(LONG).ids


def test_whatever_a_submission_says_is_shown_as_it_is_written(seen, site_folder):
    page = seen(HOSTILE)
    facts = pairs(page)
    assert (facts["Licence"], facts["Training data"]) == (MARKUP, f"{MARKUP} {MARKUP}")
    assert facts["Authors"] == f"{MARKUP}, 李"
    assert [text(element) for element in having(page.root, "said")] == [MARKUP, f"{MARKUP} {MARKUP}", MARKUP]
    assert not [element for element in page.all("img") if element.get("src") == "x"]
    assert MARKUP not in page.source


def test_the_data_file_says_the_same_and_its_schema_knows_it(site_folder, data):
    raw = json.loads((site_folder / f"data/{SUITE}.json").read_text(encoding="utf-8"))
    (model,) = [model for model in raw["models"] if model["name"] == NAME]
    assert model["submission"]["links"]["paper"] == "https://paper.example/?a=1&b=2"
    assert {model["submission"] is None for model in raw["models"] if model["kind"] == "reference"} == {True}
    assert {model["submission"] for model in raw["baselines"]} == {None}
    schema = json.loads((site_folder / "data/board.schema.json").read_text(encoding="utf-8"))
    assert set(schema["$defs"]["SubmissionData"]["properties"]) == set(model["submission"])
