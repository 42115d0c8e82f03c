"""Fresh prompts are drawn by the merge that added the weights, whatever happens to the file later."""

from pathlib import Path

import pytest
from raising import raises
from submissions.submitted import REVISION, submission_value, write
from submissions.test_submission_diff import git

from icl_bench.errors import InputError
from icl_bench.git import ask_git
from icl_bench.submissions.merge_commit import merge_commit
from icl_bench.submissions.submission_folder import SubmissionFolder, read_submission

CONFIG, WEIGHTS = "linear_regression/config.json", "linear_regression/model.safetensors"


@pytest.fixture
def value() -> dict:
    """A submission of one run."""
    files = {CONFIG: "c" * 64, WEIGHTS: "d" * 64}
    return submission_value([{"seed": 0, "revision": REVISION, "files": files}])


@pytest.fixture
def checkout(tmp_path, value) -> Path:
    """A repository whose main has merged the submission."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(folder, "first")
    merge(folder, value)
    return folder


def head(checkout: Path) -> str:
    return str(ask_git(checkout, "rev-parse", "HEAD"))


def commit(checkout: Path, message: str) -> None:
    git(checkout, "add", "--all")
    git(checkout, "commit", "-q", "--allow-empty", "-m", message)


def merge(checkout: Path, value: dict) -> str:
    """Merge a pull request of the submission; the commit of the merge."""
    git(checkout, "checkout", "-q", "-b", "request")
    write(checkout / "submissions", value)
    commit(checkout, "request")
    git(checkout, "checkout", "-q", "main")
    git(checkout, "merge", "-q", "--no-ff", "-m", "merge", "request")
    git(checkout, "branch", "-q", "-D", "request")
    return head(checkout)


def drawn(checkout: Path) -> str:
    (file,) = (checkout / "submissions").glob("*/submission.yaml")
    return merge_commit(SubmissionFolder(file.parent, read_submission(file)))


def test_it_is_the_merge_and_not_the_commit_of_who_submits(checkout):
    assert drawn(checkout) == head(checkout)


def test_of_a_language_model_it_is_the_merge_of_all_its_files(checkout, value):
    """Another tokenizer makes another model of the same weights."""
    files = {"config.json": "c" * 64, "tokenizer.json": "d" * 64, "model.safetensors": "e" * 64}
    spoken = {key: part for key, part in value.items() if key != "spec"} | {"suites": ["text-boolean-v1"]}
    run = {"seed": 0, "revision": REVISION, "files": files}
    first = merge(checkout, spoken | {"runs": [run]})
    merge(checkout, spoken | {"runs": [run], "authors": ["Somebody Else"]})
    assert drawn(checkout) == first
    second = merge(checkout, spoken | {"runs": [run | {"files": files | {"tokenizer.json": "f" * 64}}]})
    assert drawn(checkout) == second != first


def test_it_stays_whatever_is_merged_later(checkout, value):
    first = head(checkout)
    commit(checkout, "something else")
    assert drawn(checkout) == first
    merge(checkout, value | {"authors": ["Somebody Else"]})
    assert drawn(checkout) == first
    (file,) = (checkout / "submissions").glob("*/submission.yaml")
    text = file.read_text()
    file.unlink()
    commit(checkout, "withdrawn")
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    commit(checkout, "submitted again")
    assert drawn(checkout) == first


def test_other_weights_are_drawn_by_the_merge_that_added_them(checkout, value):
    first = head(checkout)
    files = value["runs"][0]["files"]
    files[CONFIG] = "0" * 64
    merge(checkout, value)
    assert drawn(checkout) == first  # a config decides no prediction
    files[WEIGHTS] = "1" * 64
    assert merge(checkout, value) == drawn(checkout) != first


def test_a_checkout_that_cannot_tell_says_so(checkout, value, tmp_path):
    git(tmp_path, "clone", "-q", "--depth", "1", checkout.as_uri(), "shallow")
    with raises(InputError, "shallow-checkout", naming="git fetch --unshallow"):
        drawn(tmp_path / "shallow")
    write(tmp_path / "nowhere/submissions", value)
    with raises(InputError, "not-a-checkout", naming="nowhere"):
        drawn(tmp_path / "nowhere")
    value["runs"][0]["files"][WEIGHTS] = "2" * 64
    write(checkout / "submissions", value)
    with raises(InputError, "not-committed"):
        drawn(checkout)
