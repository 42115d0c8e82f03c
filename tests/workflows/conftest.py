"""A repository like this one, and a Hub with the model that is submitted."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from copied_checkout import copy_checkout
from hub_server import HubServer
from models.small import saved, small_model
from played_actions import git
from proposals import LAYERS, MODEL, commit


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare repository whose main is what `copy_checkout` copies of this checkout."""
    folder = tmp_path_factory.mktemp("repository")
    tree = folder / "tree"
    copy_checkout(tree)
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
