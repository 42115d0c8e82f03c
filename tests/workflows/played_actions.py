"""Plays actions: a checkout is a fetch from a bare repository, an artifact a copied folder."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Protocol

FORBIDDEN = re.compile(r'[":<>|*?\r\n]')  # in names of files of an artifact


class Run(Protocol):
    """What jobs of a run share."""

    folder: Path
    origin: Path
    github: dict[str, str]


def play(action: str, inputs: dict[str, str], run: Run, workspace: Path) -> None:
    """Do what an action does with these inputs; AssertionError where it would fail."""
    artifacts = run.folder / "artifacts"
    if action == "actions/checkout":
        check_out(workspace / inputs.get("path", ""), inputs, run)
    elif action == "actions/upload-artifact":
        upload(inputs["path"], artifacts / inputs["name"], inputs, workspace)
    elif action == "actions/upload-pages-artifact":
        upload(inputs["path"], artifacts / inputs["name"], {}, workspace)
    elif action == "actions/download-artifact":
        shutil.copytree(artifacts / inputs["name"], workspace / inputs["path"], symlinks=True)
    elif action == "actions/deploy-pages":
        assert (artifacts / inputs["artifact_name"] / "index.html").is_file(), "no such site was handed on"
    else:
        assert action == "astral-sh/setup-uv", action


def upload(path: str, artifact: Path, inputs: dict[str, str], workspace: Path) -> None:
    """Keep what a path or a pattern names, as GitHub does: no hidden files, what links point to instead of
    them, no right to execute, and no artifact of a name that is taken."""
    if inputs.get("overwrite") == "True":
        shutil.rmtree(artifact, ignore_errors=True)
    assert not artifact.exists(), f"there is an artifact {artifact.name}"
    root = workspace / path.partition("*")[0]
    found = sorted(workspace.glob(path)) if "*" in path else [workspace / path]
    files = [file for top in found for file in (top.rglob("*") if top.is_dir() else [top])]
    kept = [
        file
        for file in files
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(root).parts)
    ]
    assert kept, f"nothing to hand over: {path}"
    for file in kept:
        name = file.relative_to(root)
        assert not FORBIDDEN.search(str(name)), name
        (artifact / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, artifact / name)


def check_out(place: Path, inputs: dict[str, str], run: Run) -> None:
    """Fetch as many commits as are asked for, and check the last out."""
    ref = inputs.get("ref") or run.github.get("ref", run.github["sha"])
    depth = inputs.get("fetch-depth", "1")
    git(place.parent, "init", "--quiet", "--initial-branch", "main", str(place))
    borrowed = place / ".git/objects/info/alternates"  # so that nothing is packed and sent
    borrowed.write_text(f"{run.origin / 'objects'}\n")
    git(place, "remote", "add", "origin", run.origin.as_uri())
    git(place, "fetch", "--quiet", *(() if depth == "0" else ("--depth", depth)), "origin", ref)
    git(place, "checkout", "--quiet", "-B", "main", "FETCH_HEAD")


def git(folder: Path, *arguments: str) -> str:
    """What git prints, as somebody without settings of their own."""
    who = [f"GIT_{role}_{what}=a" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")]
    alone = dict(pair.split("=") for pair in who) | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
    }
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=os.environ | alone, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
