"""What each workflow may do. A right that is not in these tables is one that a stranger cannot use."""

import pytest
from workflow_files import NAMES, WORKFLOWS, expressions, jobs, steps, strings

READ = {"contents": "read"}
PAGES = {"pages": "write", "id-token": "write"}
RIGHTS = {
    "ci/lint": READ,
    "ci/test": READ,
    "ci/references": READ,
    "ci/wheel": READ,
    "ci/oldest": READ,
    "validate/check": READ,
    "validate/advise": READ,
    "evaluate/fetch": READ,
    "evaluate/evaluate": READ,
    "evaluate/record": {"contents": "write"},
    "evaluate/deploy": READ | PAGES,
    "record/check": READ,
    "record/append": {"contents": "write"},
    "deploy/build": READ,
    "deploy/deploy": PAGES,
    "release/build": READ,
    "release/try": {},
    "release/publish": {"id-token": "write"},
}
TRIGGERS = {
    "ci": {"push", "pull_request", "workflow_dispatch"},
    "validate": {"pull_request"},
    "evaluate": {"push", "workflow_dispatch"},
    "record": {"workflow_call"},
    "deploy": {"push", "workflow_dispatch", "workflow_call"},
    "release": {"push"},
}


def test_the_workflows_are_these() -> None:
    assert set(NAMES) == set(TRIGGERS)


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_has_no_right_of_its_own(name: str) -> None:
    assert WORKFLOWS[name]["permissions"] == {}


def test_each_job_has_its_rights_and_no_other() -> None:
    assert {f"{name}/{job}": content["permissions"] for name, job, content in jobs()} == RIGHTS


def test_one_job_alone_can_write_to_the_repository() -> None:
    """`evaluate/record` is the call of `record/append`, which could not have the right otherwise."""
    writers = [name for name, rights in RIGHTS.items() if rights.get("contents") == "write"]
    assert writers == ["evaluate/record", "record/append"]
    assert WORKFLOWS["evaluate"]["jobs"]["record"]["uses"].startswith("./.github/workflows/record.yml")


def test_the_job_that_can_write_installs_and_runs_nothing_but_git() -> None:
    """A library, or what installs it, could take the token or change what is pushed."""
    writing = [step for step in steps() if (step.workflow, step.job) == ("record", "append")]
    assert {step.action for step in writing if step.action} == {
        "actions/checkout",
        "actions/download-artifact",
    }
    lines = "\n".join(step.run for step in writing)
    assert [word for word in ("uv", "python", "pip", ".venv", "icl-bench") if word in lines] == []


@pytest.mark.parametrize("name", NAMES)
def test_what_starts_a_workflow(name: str) -> None:
    """pull_request_target and workflow_run would give a stranger's files a token that writes."""
    assert set(WORKFLOWS[name]["on"]) == TRIGGERS[name]


def test_pushes_that_start_something_are_those_to_main_and_of_tags() -> None:
    for name in ("ci", "evaluate", "deploy"):
        assert WORKFLOWS[name]["on"]["push"]["branches"] == ["main"]
    assert WORKFLOWS["release"]["on"]["push"] == {"tags": ["v*"]}
    assert WORKFLOWS["evaluate"]["on"]["push"]["paths"] == ["submissions/**/submission.yaml"]


def test_validating_looks_at_every_pull_request_that_touches_a_submission() -> None:
    assert WORKFLOWS["validate"]["on"]["pull_request"]["paths"] == [
        "submissions/**",
        "!submissions/reference/**",
        "!submissions/zoo/**",
        "!submissions/text/**",
    ]


def test_no_workflow_asks_for_a_secret() -> None:
    """The run's own token is used once, to push results."""
    asked = [
        (name, expression)
        for name in NAMES
        for text in strings(WORKFLOWS[name])
        for expression in expressions(text)
    ]
    assert [name for name, expression in asked if "secrets" in expression] == []
    assert [name for name, expression in asked if "github.token" in expression] == ["record"]
    assert "secrets" not in {key for _, _, job in jobs() for key in job}
    (pushing,) = [step for step in steps() if "github.token" in str(step.content)]
    assert list(pushing.content["env"]) == ["GH_TOKEN"]


def test_no_checkout_leaves_its_token_behind() -> None:
    checkouts = [step for step in steps() if step.action == "actions/checkout"]
    assert checkouts
    assert [
        str(step) for step in checkouts if step.content["with"].get("persist-credentials") is not False
    ] == []


def test_no_cache_carries_files_from_one_run_to_another() -> None:
    installers = [step for step in steps() if step.action == "astral-sh/setup-uv"]
    assert installers
    assert [str(step) for step in installers if step.content["with"].get("enable-cache") is not False] == []
    assert [str(step) for step in steps() if "cache" in step.action] == []


def test_publishing_waits_for_its_environment() -> None:
    assert WORKFLOWS["release"]["jobs"]["publish"]["environment"]["name"] == "pypi"
    assert WORKFLOWS["deploy"]["jobs"]["deploy"]["environment"]["name"] == "github-pages"
    others = [job for _, job, content in jobs() if "environment" in content]
    assert sorted(others) == ["deploy", "publish"]
