"""A copy of this checkout that a test may make a repository of its own from."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REFERENCES = ("gpt2", "mamba")  # whose results and weights are copied: a site of all takes long to build
SUITES = ("mini-v1", "paper-v1")  # with others it has four times the pages
_TASKS = Path("tasks")
_REFERENCE, _ZOO = Path("submissions/reference"), Path("submissions/zoo")
_COPIED = ("README.md", "specs", "runs_without_weights.csv", *REFERENCES)


def copy_checkout(folder: Path) -> None:
    """Copy what git tracks here, or would track, without its tests, with a few references and suites, and
    none of the zoo."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if _is_copied(Path(name)) and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def link_few(checkout: Path) -> None:
    """Link the same references and suites into a checkout, where all of them may be linked so far."""
    tasks, submissions = checkout / _TASKS, checkout / _REFERENCE.parent
    tasks.unlink(missing_ok=True)
    tasks.mkdir()
    for suite in SUITES:
        (tasks / suite).symlink_to(ROOT / _TASKS / suite)
    (submissions / "reference").unlink(missing_ok=True)
    runs = [f"runs/mini-v1/{name}" for name in REFERENCES]
    for name in (*_COPIED, *runs):
        link = submissions / "reference" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(ROOT / _REFERENCE / name)


def _is_copied(path: Path) -> bool:
    if path.is_relative_to(_TASKS) and len(path.parts) > 2:
        return path.parts[1] in SUITES
    if path.is_relative_to(_ZOO):
        return path.relative_to(_ZOO).parts[0] in ("README.md", "specs")
    if not path.is_relative_to(_REFERENCE):
        return path.parts[0] != "tests"
    parts = path.relative_to(_REFERENCE).parts
    return parts[0] in _COPIED or (parts[0] == "runs" and not {*REFERENCES}.isdisjoint(parts))
