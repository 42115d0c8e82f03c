"""A submission, and pull requests, for the tests that play the workflows."""

import hashlib
from pathlib import Path

import yaml
from hub_server import HubServer
from models.small import small_spec
from played_actions import git

MODEL, FOLDER = "someone/model", "submissions/someone__model"
SUBMISSION = f"{FOLDER}/submission.yaml"
LAYERS = [{"repeat": 1, "sublayers": small_spec()["layers"][0]["sublayers"][::2]}]


def submission(hub: HubServer) -> str:
    repo = hub.repos[MODEL]
    (files,) = repo.commits.values()
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return yaml.safe_dump(
        {
            "schema": 1,
            "model": MODEL,
            "suites": ["mini-v1"],
            "runs": [{"seed": 0, "revision": repo.refs["main"], "files": hashes}],
            "spec": small_spec(layers=LAYERS),
            "licence": "apache-2.0",
            "authors": ["Somebody"],
            "training_data": "None: it is as it was initialised.",
        }
    )


def commit(tree: Path, message: str) -> str:
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "--message", message)
    return git(tree, "rev-parse", "HEAD")


def propose(origin: Path, name: str, files: dict[str, str]) -> dict[str, str]:
    """Make a pull request of these files; what GitHub would report of it. Its merge is not on main yet."""
    tree = origin.parent / "tree"
    git(tree, "checkout", "--quiet", "-B", name, "main")
    for path, text in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    head = commit(tree, name)
    git(tree, "checkout", "--quiet", "-B", f"{name}-merge", "main")
    git(tree, "merge", "--quiet", "--no-ff", "--message", f"Merge {name}", head)
    git(tree, "push", "--quiet", "--force", "origin", f"HEAD:refs/pull/{name}/merge")
    merge = git(tree, "rev-parse", "HEAD")
    git(tree, "checkout", "--quiet", "main")
    return {"sha": merge, "ref": f"refs/pull/{name}/merge", "base_ref": "main"}
