"""The job with the lowest versions installs less than the test extra: no test that it collects needs more.

Else it fails while it collects, of a test that somebody added long before.
"""

import ast
import functools
import re
import shlex
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.metadata import packages_distributions
from itertools import pairwise
from pathlib import Path

from known_commands import commands
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from workflow_files import ROOT, WORKFLOWS

TESTS = ROOT / "tests"
STEPS = {step.get("name"): step.get("run", "") for step in WORKFLOWS["ci"]["jobs"]["oldest"]["steps"]}


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(requirement).name) for requirement in requirements}


def missing() -> set[str]:
    """Modules that the test extra brings, and this job has not."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    installed = names(project["dependencies"])
    for words in commands(STEPS["Install"], "uv"):
        if "--editable" in words:
            chosen = re.search(r"\[(.*)\]", words[words.index("--editable") + 1])
            for extra in chosen[1].split(",") if chosen else ():
                installed |= names(extras[extra])
        elif words[:2] == ["pip", "install"]:
            installed |= {word for word in words if re.fullmatch(r"[a-z][a-z0-9-]+", word)}
    absent = names(extras["test"]) - installed
    return {
        module
        for module, brought in packages_distributions().items()
        if {canonicalize_name(name) for name in brought} <= absent
    }


def collected() -> list[Path]:
    """The files of tests that its pytest does not leave out."""
    words = shlex.split(STEPS["Test"])
    left_out = [ROOT / after for word, after in pairwise(words) if word == "--ignore"]
    patterns = [after for word, after in pairwise(words) if word == "--ignore-glob"]
    return [
        path
        for path in sorted(TESTS.rglob("test_*.py"))
        if not any(path.is_relative_to(place) for place in left_out)
        and not any(fnmatch(str(path), pattern) for pattern in patterns)
    ]


@functools.cache
def imported(path: Path) -> frozenset[str]:
    """What a file imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def reached(path: Path) -> Iterator[str]:
    """What a file of tests imports, and the files of tests that it imports, and its conftests."""
    waiting = [path, *(folder / "conftest.py" for folder in path.parents if folder.is_relative_to(TESTS))]
    seen: set[Path] = set()
    while waiting:
        file = waiting.pop()
        if file in seen or not file.is_file():
            continue
        seen.add(file)
        for name in imported(file):
            yield name
            own = Path(*name.split(".")).with_suffix(".py")
            waiting += [TESTS / own, path.parent / own]


def test_it_has_what_the_tests_that_it_collects_need() -> None:
    absent = missing()
    assert {"hatchling", "mlcroissant"} <= absent
    wanting = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in collected()
        for name in reached(path)
        if name.partition(".")[0] in absent
    }
    assert wanting == set()


def test_whatever_it_leaves_out_is_there() -> None:
    words = shlex.split(STEPS["Test"])
    for word, after in pairwise(words):
        if word == "--ignore":
            assert (ROOT / after).exists(), after
        elif word == "--ignore-glob":
            assert any(fnmatch(str(path), after) for path in TESTS.rglob("test_*.py")), after
