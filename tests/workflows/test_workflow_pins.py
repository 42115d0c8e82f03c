"""Every action is pinned by the hash of a commit, beside the version that it is: a tag can move."""

import re
from collections import defaultdict

import pytest
from workflow_files import FOLDER, NAMES, WORKFLOWS, jobs, steps

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
            if found := PINNED.fullmatch(line):
                commits[found["action"]].add((found["version"], found["commit"]))
    assert {action: found for action, found in commits.items() if len(found) > 1} == {}


def test_the_tool_that_installs_is_pinned_too() -> None:
    given = {str(step.content["with"]) for step in steps() if step.action == "astral-sh/setup-uv"}
    assert len(given) == 1
    assert re.search(r"'version': '\d+\.\d+\.\d+', 'checksum': '[0-9a-f]{64}'", given.pop())


def test_called_workflows_are_there_and_can_be_called() -> None:
    called = [found["name"] for name in NAMES for line in uses(name) if (found := OWN.match(line))]
    assert called == ["record", "deploy"]
    assert [name for name in called if "workflow_call" not in WORKFLOWS[name]["on"]] == []


def test_runners_are_of_one_version() -> None:
    assert {job["runs-on"] for _, _, job in jobs() if "runs-on" in job} == {"ubuntu-24.04"}
