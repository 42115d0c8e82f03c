"""What people meet before they meet the code: forms, owners, citation, security. It says what is there."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from known_commands import check, commands, verb

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / ".github"
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
DOCUMENTS = ["CONTRIBUTING.md", "SECURITY.md", *(str(path.relative_to(ROOT)) for path in FORMS)]
SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
TESTS = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_forms_are_these() -> None:
    assert [path.stem for path in FORMS] == ["bug", "submission", "wrong_number"]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_is_one_that_github_shows(path: Path) -> None:
    form = read(path)
    assert set(form) <= {"name", "description", "title", "labels", "body"}
    assert form["name"]
    assert form["description"]
    identifiers = [field["id"] for field in form["body"]]
    assert len(set(identifiers)) == len(identifiers)
    for field in form["body"]:
        assert set(field) <= {"type", "id", "attributes", "validations"}
        assert field["type"] in ("input", "textarea", "dropdown")
        assert set(field["attributes"]) <= {"label", "description", "placeholder", "render", "options"}
        assert field["attributes"]["label"]
        assert (field["type"] == "dropdown") == ("options" in field["attributes"])


def test_a_pull_request_of_a_model_needs_no_words() -> None:
    assert "submission.yaml" in (GITHUB / "PULL_REQUEST_TEMPLATE.md").read_text(encoding="utf-8")


def test_owners_are_lines_of_a_pattern_and_accounts() -> None:
    """The lines that wait for their owner too: each is of something that is there."""
    lines = (GITHUB / "CODEOWNERS").read_text(encoding="utf-8").splitlines()
    in_force = [line for line in lines if line and not line.startswith("#")]
    waiting = [line.removeprefix("# ") for line in lines if re.match(r"# (\*|/)\S* ", line)]
    assert waiting
    for line in in_force + waiting:
        pattern, *owners = line.split()
        assert owners
        assert [owner for owner in owners if not re.fullmatch(r"@[\w-]+(/[\w-]+)?", owner)] == []
        assert pattern == "*" or (ROOT / pattern.strip("/")).exists()


def test_pins_are_updated() -> None:
    updates = read(GITHUB / "dependabot.yml")
    assert updates["version"] == 2
    assert [update["package-ecosystem"] for update in updates["updates"]] == ["github-actions", "pip"]
    assert {update["cooldown"]["default-days"] for update in updates["updates"]} == {14}


def test_the_citation_is_of_this_version_and_of_nobody_in_particular() -> None:
    citation = read(ROOT / "CITATION.cff")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "type", "authors"} <= set(citation)
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
    (author,) = [author["name"] for author in citation["authors"]]
    cited = [path for path in (ROOT / "leaderboard").rglob("*") if path.suffix in (".html", ".md")]
    assert [
        path
        for path in cited
        if "author = " in path.read_text("utf-8") and author not in path.read_text("utf-8")
    ] == []


def test_every_test_that_security_names_is_there() -> None:
    named = TESTS.findall(SECURITY)
    assert len(named) > 30
    for path, name in named:
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path}::{name}"


def test_every_threat_is_met_by_something_and_shown_by_a_test() -> None:
    _, table = SECURITY.split("| threat | how it is met | shown by |\n| --- | --- | --- |\n")
    rows = [line.strip("|").split("|") for line in table.split("\n\n")[0].splitlines()]
    assert len(rows) > 15
    for threat, answer, tests in rows:
        assert threat.strip()
        assert answer.strip()
        assert TESTS.search(tests), threat


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_that_are_named_are_there(name: str) -> None:
    """Whole calls in code blocks, and verbs in the text."""
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"^\$ (.+)$", text, flags=re.MULTILINE))
    for words in commands(blocks, "icl-bench"):
        check(words)
    for call in re.findall(
        r"`icl-bench ([^`]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    ):
        verb(call.split())


def test_security_says_what_the_owner_has_to_set() -> None:
    for what in ("`main`", "`record`", "`github-pages`", "`pypi`", "CODEOWNERS", "Report a vulnerability"):
        assert what in SECURITY
