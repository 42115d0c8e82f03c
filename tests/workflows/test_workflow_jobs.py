"""Every job runs to its end: those of ci and of a release here, the others in tests of what they bring about.

Environments are fresh, but see the libraries of this one. Style, types and the suite itself, which run on
their own, are not run again here: the linters print that they were called, and the suite has one test.
"""

import re
import tomllib
from pathlib import Path

import pytest
from hub_server import HubServer
from local_runner import LocalRunner, without_network
from played_actions import git
from workflow_files import ROOT, WORKFLOWS, jobs

pytestmark = pytest.mark.slow


@pytest.fixture
def runner(origin: Path, tmp_path: Path) -> LocalRunner:
    """A run on the last commit of main, whose suite is one test."""
    runner = LocalRunner(tmp_path, origin, {"sha": git(origin, "rev-parse", "main")})
    runner.before["Test"] = one_test
    return runner


def one_test(place: Path) -> None:
    (place / "tests").mkdir()
    (place / "tests/test_nothing.py").write_text("def test_nothing() -> None:\n    pass\n")


def test_every_job_is_run_by_a_test() -> None:
    texts = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    run = {"/".join(pair) for text in texts for pair in re.findall(r'\.run\(\s*"(\w+)", "(\w+)"', text)}
    assert {f"{name}/{job}" for name, job, content in jobs() if "steps" in content} == run


@pytest.mark.parametrize("comment", ["", "# submissions fetch"])
def test_only_a_step_that_fetches_has_a_network(
    runner: LocalRunner, hub: HubServer, monkeypatch: pytest.MonkeyPatch, comment: str
) -> None:
    if not without_network():
        pytest.skip("this machine lets no process give up its network")
    port = hub.url.rpartition(":")[2]
    step = {"name": "Ask", "run": f"exec 3<>/dev/tcp/127.0.0.1/{port} {comment}"}
    name = "asking"
    monkeypatch.setitem(WORKFLOWS, name, {"jobs": {name: {"steps": [step]}}})
    if comment:
        runner.run(name, name)
    else:
        with pytest.raises(AssertionError, match="Network is unreachable"):
            runner.run(name, name)


def test_style_and_types_are_looked_at(runner: LocalRunner) -> None:
    runner.run("ci", "lint")
    called = [line for line in runner.log.splitlines() if re.match(r"(ruff|mypy|actionlint)\b", line)]
    workflows = "actionlint -shellcheck .venv/bin/shellcheck"
    assert called == ["ruff check .", "ruff format --check .", "mypy", workflows]


def test_the_suite_is_started(runner: LocalRunner) -> None:
    runner.run("ci", "test")
    assert "1 passed" in runner.log


def test_the_suite_is_started_on_the_oldest_dependencies(runner: LocalRunner) -> None:
    runner.run("ci", "oldest")
    assert "1 passed" in runner.log


def test_records_of_references_are_verified(runner: LocalRunner) -> None:
    def leaves_one(place: Path) -> None:
        for record in place.glob("submissions/reference/*/results/*-seed-0.json"):
            if record.parent.parent.name != "mamba" or not record.name.startswith("mini-v1"):
                record.unlink()

    runner.before["Evaluate the shipped weights again"] = leaves_one
    runner.run("ci", "references")
    assert "hold" in runner.log


def test_the_wheel_is_built_and_run_in_a_clean_environment(runner: LocalRunner) -> None:
    runner.run("ci", "wheel")
    assert (runner.folder / "ci-wheel/temporary/site/index.html").is_file()


def version() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def test_a_release_is_built_tried_and_published(runner: LocalRunner) -> None:
    runner.github["ref_name"] = f"v{version()}"
    runner.run("release", "build")
    runner.run("release", "try")
    runner.run("release", "publish")
    names = f"icl_bench-{version()}-py3-none-any.whl icl_bench-{version()}.tar.gz"
    assert f"published {names}" in runner.log


def test_a_tag_of_another_version_is_not_built(runner: LocalRunner) -> None:
    runner.github["ref_name"] = "v0.0.1"
    with pytest.raises(AssertionError, match="The tag is the version"):
        runner.run("release", "build")
    assert not (runner.folder / "artifacts").exists()
