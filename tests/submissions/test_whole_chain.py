"""From a model on the Hub to a row of the built site, by the verbs alone, as a maintainer without GitHub."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from copied_checkout import copy_checkout
from hub_server import HubServer
from leaderboard.site_reading import read_page, text
from models.small import files_of
from submissions.submitted import SPEC

from icl_bench.models.checkpoint import save_checkpoint
from icl_bench.models.initialise import initialise
from icl_bench.models.model import ICLModel

pytestmark = pytest.mark.slow

MODEL = "someone/model"
FOLDER = "submissions/someone__model"
FILE = f"{FOLDER}/submission.yaml"


@dataclass
class Checkout:
    """A repository like this one, with its own command `icl-bench`."""

    folder: Path
    environment: dict[str, str]

    def run(self, *command: str, code: int = 0) -> str:
        """What a command prints to standard output; its exit code is as expected."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    def verb(self, *arguments: str, code: int = 0) -> str:
        """What a verb of icl-bench prints."""
        return self.run(str(self.folder / ".venv/bin/icl-bench"), *arguments, code=code)

    def commit(self, message: str) -> str:
        """Commit everything; the hash."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", message)
        return self.run("git", "rev-parse", "HEAD").strip()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServer]:
    """A Hub with an untrained model for one task of mini-v1."""
    folder = tmp_path_factory.mktemp("model")
    model = ICLModel(spec=SPEC, d=5, k=1, task="mini-v1/linear_regression", training={"seed": 3})
    initialise(model, torch.Generator().manual_seed(3))
    save_checkpoint(model, folder / "linear_regression")
    with HubServer().running() as server:
        server.repo(MODEL, files_of(folder) | {"README.md": b"---\nlicense: mit\n---\n", "evil.py": b"1/0"})
        yield server


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, hub: HubServer) -> Checkout:
    folder = tmp_path_factory.mktemp("clone") / "icl-bench"
    copy_checkout(folder)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / ".venv"], check=True)
    (site,) = (folder / ".venv").glob("lib/python*/site-packages")
    (site / "checkout.pth").write_text(f"{folder / 'benchmark'}\n{sysconfig.get_path('purelib')}\n")
    script = folder / ".venv/bin/icl-bench"
    script.write_text(f"#!{folder}/.venv/bin/python\nfrom icl_bench.cli import app\napp()\n")
    script.chmod(0o755)
    who = [f"GIT_{role}_{what}" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")]
    settings = dict.fromkeys(who, "ana") | dict.fromkeys(
        ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"), os.devnull
    )
    settings |= {"HF_ENDPOINT": hub.url, "HF_HUB_CACHE": str(folder.parent / "cache"), "OMP_NUM_THREADS": "1"}
    checkout = Checkout(folder, settings | {"NO_PROXY": "*", "HF_HUB_DISABLE_XET": "1"})
    checkout.run("git", "init", "--quiet", "--initial-branch", "main")
    checkout.commit("What is there")
    checkout.run("git", "clone", "--quiet", "--bare", ".", "../origin.git")
    checkout.run("git", "remote", "add", "origin", "../origin.git")
    return checkout


def test_a_model_of_the_hub_gets_its_row(checkout: Checkout, hub: HubServer):
    revision = hub.repos[MODEL].refs["main"]
    facts = ("--author", "Ana", "--training-data", "None: it is as it was initialised.")
    printed = checkout.verb("submit", MODEL, *facts)
    *steps, ask = printed.partition(f"next, in {checkout.folder}:\n")[2].splitlines()
    assert ask.startswith("gh pr create ")
    for step in steps:
        checkout.run("sh", "-ec", step)
    assert checkout.verb("submissions", "validate", FOLDER) == f"{FOLDER}: valid\n"
    assert FILE in checkout.verb("submissions", "diff", "main")
    checkout.run("git", "switch", "--quiet", "main")
    checkout.run(
        "git", "merge", "--quiet", "--no-ff", "--message", "Merge", f"submit-someone__model-{revision[:8]}"
    )
    merge = checkout.run("git", "rev-parse", "HEAD").strip()

    outside = checkout.folder.parent
    checkout.verb("submissions", "fetch", FILE, "--into", str(outside / "fetched"))
    asked = len(hub.requests)
    evaluate = ("--fetched", str(outside / "fetched"), "--out", str(outside / "records"), "--commit", merge)
    checkout.verb("submissions", "evaluate", FILE, *evaluate)
    assert len(hub.requests) == asked
    record = ("--results", str(outside / "records"), "--commit", merge)
    assert "mini-v1-seed-3: recorded" in checkout.verb("submissions", "record", FILE, *record)
    checkout.commit("Results")

    checkout.verb("leaderboard", "build", "--out", str(outside / "site"))
    site = outside / "site"
    front = read_page((site / "index.html").read_text(encoding="utf-8"), "index.html")
    (row,) = [element for element in front.all("tr") if MODEL in [cell.get("data-v") for cell in element]]
    assert (row.get("data-kind"), row.get("data-state")) == ("submission", "re-evaluated")
    file = site / "mini-v1/models/someone__model.html"
    page = text(read_page(file.read_text(encoding="utf-8"), file.name).root)
    assert revision in page
    assert merge in page
    assert "Licence mit" in page
    assert "Gap of seed 3" in page
    assert {file for file in hub.asked_files() if file.endswith(".py")} == set()

    assert "1 of 1 seeds hold" in checkout.verb("reproduce", MODEL)
    assert "linear_regression" in checkout.verb("compare", MODEL, "baseline/ridge")
