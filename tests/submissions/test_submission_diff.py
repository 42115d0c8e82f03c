"""A pull request of a submission changes one plain file, whatever else it holds."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from raising import raises

from icl_bench.errors import InputError
from icl_bench.submissions.diff import changed_paths, diff_faults

pytestmark = pytest.mark.slow

FILE = "submissions/someone__model/submission.yaml"


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


def put(folder: Path, name: str | bytes, content: str = "schema: 1\n") -> Path:
    path = folder / (os.fsdecode(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A repository whose branch `main` holds code and one submission; a pull request is checked out."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    put(folder, "benchmark/code.py", "1")
    put(folder, "submissions/ana__first/submission.yaml")
    put(folder, "submissions/reference/gpt2/results/mini-v1-seed-0.json", "{}")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    git(folder, "checkout", "-q", "-b", "request")
    return folder


def faults(checkout: Path, change: Callable[[Path], object]) -> list[str]:
    """What is reported of a pull request that changes this."""
    change(checkout)
    git(checkout, "add", "--all", "--force")
    git(checkout, "commit", "-q", "-m", "request")
    fault_list = diff_faults(changed_paths("main", checkout))
    assert all(line.isprintable() for line in fault_list)
    return fault_list


def test_one_new_or_changed_submission_passes(checkout):
    assert faults(checkout, lambda folder: put(folder, FILE)) == []
    assert faults(checkout, lambda folder: put(folder, FILE, "schema: 1\nmodel: x\n")) == []
    git(checkout, "checkout", "-q", "main", "-b", "other")
    changed = "submissions/ana__first/submission.yaml"
    assert faults(checkout, lambda folder: put(folder, changed, "schema: 1\nmodel: y\n")) == []


def test_what_happened_on_main_since_is_no_part_of_it(checkout):
    assert faults(checkout, lambda folder: put(folder, FILE)) == []
    git(checkout, "checkout", "-q", "main")
    put(checkout, "benchmark/code.py", "2")
    git(checkout, "commit", "-q", "-a", "-m", "second")
    git(checkout, "checkout", "-q", "request")
    assert diff_faults(changed_paths("main", checkout)) == []


@pytest.mark.parametrize(
    "name",
    [
        "benchmark/code.py",
        ".github/workflows/ci.yml",
        "submissions/someone__model/results/mini-v1-seed-0.json",
        "submissions/someone__model/README.md",
        "submissions/someone__model/submission.yaml.py",
        "submissions/someone__model/x/submission.yaml",
        "submissions/submission.yaml",
        "submissions/reference/submission.yaml",
        "submissions/reference/gpt2/results/mini-v1-seed-0.json",
        "submissions/.hidden__x/submission.yaml",
        "submissions/nobody/submission.yaml",
        "Submissions/someone__model/submission.yaml",
        "submissions/a__b\n/submission.yaml",
        "submissions/a__\u202eb/submission.yaml",
        b"submissions/a__\xff\xfe/submission.yaml",
        "submissions/a__b; echo pwned/submission.yaml",
        "submissions/a__$(touch pwned)/submission.yaml",
        "conftest.py",
        ".gitattributes",
    ],
)
def test_any_other_file_is_refused_alone_and_beside_a_submission(checkout, name):
    (alone,) = faults(checkout, lambda folder: put(folder, name, "other"))
    assert "a submission changes submissions/OWNER__MODEL/submission.yaml alone; take this out" in alone
    assert alone in faults(checkout, lambda folder: put(folder, FILE))
    assert not list(checkout.rglob("pwned"))


def link(folder: Path, target: str) -> None:
    path = folder / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


@pytest.mark.parametrize("target", ["/etc/passwd", "../../benchmark/code.py"])
def test_a_link_is_refused(checkout, target):
    (message,) = faults(checkout, lambda folder: link(folder, target))
    assert "has mode 120000; make it a plain file that is not executable (100644)" in message


def test_an_executable_file_is_refused(checkout):
    (message,) = faults(checkout, lambda folder: put(folder, FILE).chmod(0o755))
    assert "has mode 100755" in message


def test_a_folder_that_is_a_link_or_another_repository_is_refused(checkout):
    def nest(folder: Path) -> None:
        inner = folder / "submissions/someone__model"
        inner.mkdir()
        git(inner, "init", "-q")
        put(inner, "submission.yaml")
        git(inner, "add", ".")
        git(inner, "commit", "-q", "-m", "inner")

    def link_folder(folder: Path) -> None:
        (folder / "submissions/other__model").symlink_to("../benchmark")

    assert len(faults(checkout, nest)) == 1
    assert len(faults(checkout, link_folder)) == 2


def test_removing_renaming_or_replacing_a_submission_is_refused(checkout):
    first = checkout / "submissions/ana__first/submission.yaml"
    moved = faults(checkout, lambda folder: (put(folder, FILE), first.unlink()))
    assert any("'submissions/ana__first/submission.yaml': is removed" in line for line in moved)
    assert any("2 submissions are changed; make a pull request of each" in line for line in moved)
    git(checkout, "checkout", "-q", "main", "-b", "linked")
    messages = faults(checkout, lambda folder: (first.unlink(), first.symlink_to("x")))
    assert any("is removed or becomes something else" in line for line in messages)


def test_two_submissions_and_none_are_refused(checkout):
    def two(folder: Path) -> None:
        put(folder, FILE)
        put(folder, "submissions/ana__second/submission.yaml")

    assert faults(checkout, two) == ["2 submissions are changed; make a pull request of each"]
    git(checkout, "checkout", "-q", "main", "-b", "empty")
    assert diff_faults(changed_paths("main", checkout)) == [
        "nothing is changed; add submissions/OWNER__MODEL/submission.yaml"
    ]


@pytest.mark.parametrize(
    "base", ["--output=/tmp/x", "main..HEAD", "main; touch pwned", "$(touch pwned)", "", "-h"]
)
def test_a_base_that_is_no_name_is_refused(checkout, base):
    with raises(InputError, "not-a-branch"):
        changed_paths(base, checkout)


def test_a_base_that_git_does_not_know_and_a_folder_that_is_no_checkout_are_reported(checkout, tmp_path):
    with raises(InputError, "cannot-compare", naming="fetch nowhere"):
        changed_paths("nowhere", checkout)
    with raises(InputError, "cannot-compare", naming="main"):
        changed_paths("main", tmp_path)
