"""Every action is pinned by the hash of a commit, beside the version that it is: a tag can move.

So is what builds the package: constraints of what is installed do not reach it.
"""

import re
import subprocess
import tomllib
from collections import defaultdict
from importlib.metadata import requires

import pytest
from known_commands import commands
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from workflow_files import FOLDER, NAMES, ROOT, WORKFLOWS, jobs, steps

pytestmark = pytest.mark.slow

PINNED = re.compile(
    r"uses: (?P<action>[\w.-]+/[\w./-]+)@(?P<commit>[0-9a-f]{40}) # (?P<version>v\d+\.\d+\.\d+)"
)
OWN = re.compile(r"uses: \./\.github/workflows/(?P<name>[a-z]+)\.yml\b")


def uses(name: str) -> list[str]:
    lines = (FOLDER / f"{name}.yml").read_text(encoding="utf-8").splitlines()
    return [line.strip().removeprefix("- ") for line in lines if re.match(r"\s*(- )?uses:", line)]


@pytest.mark.parametrize("name", NAMES)
def test_every_action_is_pinned(name: str) -> None:
    assert [line for line in uses(name) if not (PINNED.fullmatch(line) or OWN.match(line))] == []


def test_what_is_checked_is_all_that_is_used() -> None:
    """Lines are read for their comments; as data there are as many."""
    used = [step for step in steps() if step.action] + [job for _, _, job in jobs() if "uses" in job]
    assert len(used) == sum(len(uses(name)) for name in NAMES)


def test_a_version_has_one_commit() -> None:
    commits = defaultdict(set)
    for name in NAMES:
        for line in uses(name):
            if match := PINNED.fullmatch(line):
                commits[match["action"]].add((match["version"], match["commit"]))
    assert {action: pins for action, pins in commits.items() if len(pins) > 1} == {}


def test_the_tool_that_installs_is_pinned_too() -> None:
    versions = {str(step.content["with"]) for step in steps() if step.action == "astral-sh/setup-uv"}
    assert len(versions) == 1
    assert re.search(r"'version': '\d+\.\d+\.\d+', 'checksum': '[0-9a-f]{64}'", versions.pop())


def test_called_workflows_are_there_and_can_be_called() -> None:
    called = [match["name"] for name in NAMES for line in uses(name) if (match := OWN.match(line))]
    assert called == ["record", "deploy"]
    assert [name for name in called if "workflow_call" not in WORKFLOWS[name]["on"]] == []


def test_runners_are_of_one_version() -> None:
    assert {job["runs-on"] for _, _, job in jobs() if "runs-on" in job} == {"ubuntu-24.04"}


def builds(words: list[str]) -> bool:
    """Whether these arguments of uv build this checkout."""
    return words[:1] == ["build"] or (words[:2] == ["pip", "install"] and "--editable" in words)


def test_whatever_builds_the_package_does_so_with_pinned_tools() -> None:
    calls = {str(step): words for step in steps() for words in commands(step.run, "uv") if builds(words)}
    calls["PIP of ci, for make"] = [*commands(WORKFLOWS["ci"]["env"]["PIP"], "uv")[0], "--editable", "."]
    assert len(calls) > 8
    pinned = "--build-constraints constraints.txt"
    assert [name for name, words in calls.items() if pinned not in " ".join(words)] == []


def test_make_builds_the_package_with_pinned_tools() -> None:
    """Pip has an option for it since 25.3 alone: older ones take it from another variable."""
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", "setup"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    (install,) = [line for line in done.stdout.splitlines() if "pip install" in line]
    for variable in ("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"):
        assert f"{variable}=constraints.txt" in install.partition("pip install")[0].split()


def test_the_build_back_end_and_all_that_it_needs_have_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [*map(Requirement, project["build-system"]["requires"]), Requirement("editables")]
    for back_end in list(needed):
        needed += map(Requirement, requires(back_end.name) or [])
    names = {
        canonicalize_name(requirement.name)
        for requirement in needed
        if requirement.marker is None or requirement.marker.evaluate()
    }
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {canonicalize_name(line.partition("==")[0]) for line in lines if "==" in line}
    assert names - pinned == set()


@pytest.mark.parametrize(("name", "mended"), [("filelock", "3.20.3"), ("jinja2", "3.1.6")])
def test_no_dependency_may_be_a_version_of_known_weaknesses(name: str, mended: str) -> None:
    """CVE-2025-68146 and CVE-2026-22701; CVE-2025-27516."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (dependency,) = [
        requirement for requirement in map(Requirement, project["dependencies"]) if requirement.name == name
    ]
    (bound,) = dependency.specifier
    assert (bound.operator, Version(bound.version) >= Version(mended)) == (">=", True)
