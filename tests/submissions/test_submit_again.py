"""What `icl-bench submit` wrote, and what is recorded, is replaced by choice alone."""

import shutil
from pathlib import Path

import pytest
import yaml
from submissions.submitted import SUITE, tiny_files
from submissions.submitting import refused, seen, submit

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("in_tiny_folder")]


def test_a_file_that_says_something_else_is_changed_by_choice_alone(repo, file):
    submit("--description", "First.")
    before = file.read_bytes()
    assert "is there and says something else; give --replace" in refused("--description", "Second.")
    assert file.read_bytes() == before
    assert submit("--description", "Second.", "--replace", facts=())[0] == 0
    now = seen(file)
    assert (now.description, now.licence, now.authors) == ("Second.", "mit", ["Ana Ω"])


def test_runs_on_other_suites_stay(repo, file):
    submit()
    value = yaml.safe_load(file.read_text())
    other = value["runs"][0] | {"suite": "other-v1"}
    value |= {"suites": ["other-v1"], "runs": [other]}
    file.write_text(yaml.safe_dump(value))
    code, _, error = submit("--replace", facts=())
    assert (code, "unknown suite 'other-v1'" in error) == (2, True)  # the validator's, once both are listed
    assert yaml.safe_load(file.read_text()) == value
    value["spec"]["width"] = 16
    file.write_text(yaml.safe_dump(value))
    assert "has another spec than in the runs on other-v1" in refused("--replace", facts=())


def recorded(file: Path, revision: str) -> None:
    """Leave the results that the merge of the file would have brought about."""
    (record,) = Path("results").glob("*.json")
    results = file.parent / "results"
    results.mkdir()
    shutil.move(record, results / f"{SUITE}-seed-0.json")
    assert revision in (results / f"{SUITE}-seed-0.json").read_text()


def test_recorded_results_are_replaced_by_choice_alone(repo, file, tmp_path):
    submit()
    first = repo.refs["main"]
    assert "nothing is recorded on tiny-v1 that these runs replace" in refused("--supersede", "a reason")
    recorded(file, first)
    before = file.read_bytes()
    second = repo.commit(tiny_files(tmp_path / "better", width=16))
    assert f"is recorded of revision {first}; keep it, or name that revision in supersedes" in refused(
        "--replace"
    )
    assert file.read_bytes() == before
    assert submit("--supersede", "The learning rate was wrong.")[0] == 0
    submission = seen(file)
    assert submission.runs[0].revision == second
    assert (submission.supersedes.revisions, submission.supersedes.reason) == (
        [first],
        "The learning rate was wrong.",
    )
    assert submit("--description", "Later.", "--replace", facts=())[0] == 0
    assert seen(file).supersedes == submission.supersedes
