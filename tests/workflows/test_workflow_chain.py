"""The workflows do what they are for: their own lines take a pull request to a row of the built site.

The model is served by the tests' Hub. What GitHub adds is played by `local_runner`.
"""

import json
import shutil
from pathlib import Path

import pytest
from hub_server import HubServer
from local_runner import LocalRunner
from played_actions import git
from proposals import FOLDER, MODEL, SUBMISSION, commit, propose, submission

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def merged(origin: Path, hub: HubServer, tmp_path_factory: pytest.TempPathFactory) -> LocalRunner:
    """The run that the merge of a submission starts, from its first job to its last."""
    tree, folder = origin.parent / "tree", tmp_path_factory.mktemp("run")
    before = git(tree, "rev-parse", "main")
    sha = propose(origin, "model", {SUBMISSION: submission(hub)})["sha"]
    git(tree, "merge", "--quiet", "--ff-only", sha)
    git(tree, "push", "--quiet", "origin", "main")
    runner = LocalRunner(folder, origin, {"sha": sha, "event.before": before}, {"HF_ENDPOINT": hub.url})
    fetched = {"fetch": runner.run("evaluate", "fetch")}
    asked = len(hub.requests)
    runner.run("evaluate", "evaluate", fetched)
    assert len(hub.requests) == asked

    def somebody_pushes(place: Path) -> None:
        (tree / "README.md").write_text("Changed meanwhile.\n")
        commit(tree, "Meanwhile")
        git(tree, "push", "--quiet", "origin", "main")

    runner.before["Push"] = somebody_pushes
    checked = {"check": runner.run("record", "check", **fetched["fetch"])}
    runner.run("record", "append", checked, **fetched["fetch"])
    built = {"build": runner.run("deploy", "build")}
    runner.run("deploy", "deploy", built)
    return runner


def test_its_results_are_on_main_with_nothing_else(merged: LocalRunner, origin: Path) -> None:
    changed = git(origin, "show", "--name-only", "--format=%an: %s", "main").split("\n")
    assert changed == [
        f"github-actions[bot]: Results of {SUBMISSION}",
        "",
        f"{FOLDER}/results/mini-v1-seed-0.fresh.json",
        f"{FOLDER}/results/mini-v1-seed-0.json",
    ]


def test_what_somebody_pushed_meanwhile_is_kept(merged: LocalRunner, origin: Path) -> None:
    assert git(origin, "show", "main:README.md") == "Changed meanwhile."
    assert git(origin, "log", "--format=%s", "-2", "main").split("\n")[1] == "Meanwhile"


def test_the_record_says_which_weights_it_is_of(merged: LocalRunner, origin: Path, hub: HubServer) -> None:
    record = json.loads(git(origin, "show", f"main:{FOLDER}/results/mini-v1-seed-0.json"))
    assert record["model"]["id"] == MODEL
    assert record["model"]["revision"] == hub.repos[MODEL].refs["main"]
    assert record["evaluator"]["commit"] == merged.github["sha"]
    assert record["evaluator"]["dirty"] is False


def test_the_built_site_has_its_row(merged: LocalRunner) -> None:
    site = merged.folder / "deploy-build" / "workspace" / "_site"
    boards = [page.name for page in site.glob("*.html") if MODEL in page.read_text(encoding="utf-8")]
    assert "index.html" in boards


def test_the_built_site_knows_where_it_stands_and_comes_from(merged: LocalRunner) -> None:
    site = merged.folder / "deploy-build" / "workspace" / "_site"
    assert "https://somebody.github.io/icl-bench/" in (site / "feed.xml").read_text(encoding="utf-8")
    assert "https://github.com/Somebody/icl-bench" in (site / "submit.html").read_text(encoding="utf-8")


def test_only_json_is_handed_to_the_job_that_writes(merged: LocalRunner) -> None:
    handed = sorted(path.name for path in (merged.folder / "artifacts" / "results").rglob("*"))
    assert handed == ["mini-v1-seed-0.fresh.json", "mini-v1-seed-0.json"]


def test_what_is_forged_on_the_way_is_not_recorded(merged: LocalRunner, origin: Path, tmp_path: Path) -> None:
    """The check before anything is appended computes aggregates again from the errors on every prompt."""
    shutil.copytree(merged.folder / "artifacts" / "results", tmp_path / "artifacts" / "results")
    file = tmp_path / "artifacts" / "results" / "mini-v1-seed-0.json"
    record = json.loads(file.read_text())
    record["tasks"]["linear_regression"]["estimates"]["score"]["value"] = 0.999
    file.write_text(json.dumps(record))
    runner = LocalRunner(tmp_path, origin, merged.github)
    before = git(origin, "rev-parse", "main")
    with pytest.raises(AssertionError, match="error: "):
        runner.run("record", "check", submission=SUBMISSION)
    assert git(origin, "rev-parse", "main") == before
    assert not (tmp_path / "artifacts" / "recorded").exists()


@pytest.mark.parametrize("name", ["run.py", "mini-v1-seed-0.json.sh", "link.json"])
def test_nothing_but_results_is_appended(
    merged: LocalRunner, origin: Path, tmp_path: Path, name: str
) -> None:
    recorded = tmp_path / "artifacts" / "recorded"
    shutil.copytree(merged.folder / "artifacts" / "recorded", recorded)
    other = recorded / "superseded" / name
    other.parent.mkdir()
    if name.startswith("link"):
        other.symlink_to("/etc/hostname")
    else:
        other.write_text("x")
    runner = LocalRunner(tmp_path, origin, merged.github)
    before = git(origin, "rev-parse", "main")
    with pytest.raises(AssertionError, match="Nothing but results, of a submission"):
        runner.run("record", "append", {"check": {"base": before}}, submission=SUBMISSION)
    assert git(origin, "rev-parse", "main") == before


@pytest.mark.parametrize(
    ("base", "submission"),
    [
        ("refs/pull/other/merge", SUBMISSION),
        ("main", "submissions/reference/gpt2/submission.yaml"),
        ("main", "submissions/some__body/submission.yaml"),
        ("main", FOLDER),
    ],
    ids=["a commit that is not on main", "a reference", "no submission", "a folder"],
)
def test_whatever_the_check_says_results_of_a_submission_on_main_are_all_that_is_pushed(
    merged: LocalRunner, origin: Path, tmp_path: Path, base: str, submission: str
) -> None:
    propose(origin, "other", {"code.py": "print()"})
    shutil.copytree(merged.folder / "artifacts" / "recorded", tmp_path / "artifacts" / "recorded")
    before = git(origin, "rev-parse", "main")
    outputs = {"check": {"base": git(origin, "rev-parse", base)}}
    with pytest.raises(AssertionError, match="Nothing but results, of a submission"):
        LocalRunner(tmp_path, origin, merged.github).run("record", "append", outputs, submission=submission)
    assert git(origin, "rev-parse", "main") == before


def test_a_submission_that_changes_while_its_results_are_checked_is_left_alone(
    merged: LocalRunner, origin: Path, tmp_path: Path
) -> None:
    """Withdrawn, here: its results must not come back without it."""
    shutil.copytree(origin, tmp_path / "origin.git")
    shutil.copytree(merged.folder / "artifacts" / "recorded", tmp_path / "artifacts" / "recorded")
    git(tmp_path, "clone", "--quiet", str(tmp_path / "origin.git"), "tree")
    base = git(tmp_path / "tree", "rev-parse", "HEAD")
    runner = LocalRunner(tmp_path, tmp_path / "origin.git", merged.github)

    def somebody_withdraws_it(place: Path) -> None:
        git(tmp_path / "tree", "rm", "-r", "--quiet", FOLDER)
        commit(tmp_path / "tree", "Withdrawn")
        git(tmp_path / "tree", "push", "--quiet", "origin", "main")

    (tmp_path / "artifacts" / "recorded" / "mini-v1-seed-1.json").write_text("{}")
    runner.before["Push"] = somebody_withdraws_it
    with pytest.raises(AssertionError, match="main has moved on"):
        runner.run("record", "append", {"check": {"base": base}}, submission=SUBMISSION)
    assert FOLDER not in git(tmp_path / "origin.git", "ls-tree", "-r", "--name-only", "main")


def test_results_that_break_the_site_are_not_recorded(
    merged: LocalRunner, origin: Path, tmp_path: Path
) -> None:
    """They would be on main for good, and no page would be deployed any more."""
    shutil.copytree(merged.folder / "artifacts" / "results", tmp_path / "artifacts" / "results")
    runner = LocalRunner(tmp_path, origin, merged.github)

    def breaks(place: Path) -> None:
        (place / "leaderboard/templates/submitted.html").write_text("{{ nothing }}")

    runner.before["Build the site with them"] = breaks
    with pytest.raises(AssertionError, match="Build the site with them"):
        runner.run("record", "check", submission=SUBMISSION)
    assert not (tmp_path / "artifacts" / "recorded").exists()


def test_a_run_by_hand_draws_the_prompts_of_the_merge(
    merged: LocalRunner, origin: Path, hub: HubServer, tmp_path: Path
) -> None:
    """However often it is started, and on whichever commit."""
    fresh = json.loads(git(origin, "show", f"main:{FOLDER}/results/mini-v1-seed-0.fresh.json"))
    assert fresh["commit"] == merged.github["sha"]
    later = {"sha": git(origin, "rev-parse", "main")}
    assert later["sha"] != merged.github["sha"]
    runner = LocalRunner(tmp_path, origin, later, {"HF_ENDPOINT": hub.url})
    outputs = runner.run("evaluate", "fetch", submission=SUBMISSION)
    assert outputs == {"submission": SUBMISSION, "commit": merged.github["sha"]}


def test_recording_the_same_again_changes_nothing(merged: LocalRunner, origin: Path, tmp_path: Path) -> None:
    shutil.copytree(merged.folder / "artifacts" / "results", tmp_path / "artifacts" / "results")
    before = git(origin, "rev-parse", "main")
    runner = LocalRunner(tmp_path, origin, merged.github)
    checked = {"check": runner.run("record", "check", submission=SUBMISSION)}
    assert checked["check"] == {"base": before}
    runner.run("record", "append", checked, submission=SUBMISSION)
    assert git(origin, "rev-parse", "main") == before
