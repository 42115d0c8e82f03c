"""A repository like this one, and a Hub with the model that is submitted."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import HubServer
from local_runner import git
from models.small import saved, small_model
from proposals import LAYERS, MODEL, commit
from workflow_files import ROOT


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare repository whose main is this checkout as it lies here, but for its tests."""
    folder = tmp_path_factory.mktemp("repository")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    tree = folder / "tree"
    for name in listed.stdout.split("\0"):
        if name and not name.startswith("tests/") and (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)
    git(tree, "init", "--quiet", "--initial-branch", "main")
    commit(tree, "What is there")
    git(folder, "clone", "--quiet", "--bare", str(tree), "origin.git")
    git(folder / "origin.git", "config", "uploadpack.allowAnySHA1InWant", "true")
    git(tree, "remote", "add", "origin", str(folder / "origin.git"))
    return folder / "origin.git"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServer]:
    """A Hub that has the model's files."""
    folder = tmp_path_factory.mktemp("checkpoint")
    files = saved(folder, small_model(d=5, layers=LAYERS))
    with HubServer().running() as server:
        server.repo(MODEL, {f"linear_regression/{name}": content for name, content in files.items()})
        yield server
