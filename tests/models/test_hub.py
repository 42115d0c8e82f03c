"""The real client against a small Hub: only the wanted files are asked for, and every failure is one line."""

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hub_server import GOOD_TOKEN, HubServer
from huggingface_hub import constants
from models.small import files_of, saved, small_model

from icl_bench.errors import CheckpointError, HubError, InputError
from icl_bench.models import hub as hub_module
from icl_bench.models.checkpoint import load_checkpoint
from icl_bench.models.hub import fetch, push
from icl_bench.models.model import ICLModel

NAME = "someone/model"
TASKS = ["linear_regression", "decision_tree", "sparse_parity"]
CONFIG, WEIGHTS = "config.json", "model.safetensors"


@pytest.fixture
def root(tmp_path) -> dict[str, bytes]:
    """The files of a repository with one checkpoint at its root, and things nobody asked for."""
    others = {"README.md": b"# model", "pytorch_model.bin": b"\x80\x04.", "run.py": b"import os"}
    return saved(tmp_path / "root") | others


@pytest.fixture
def by_task(tmp_path) -> dict[str, bytes]:
    """The files of a repository with one folder a task, two of them."""
    saved(tmp_path / "by_task/linear_regression")
    saved(tmp_path / "by_task/decision_tree", small_model("mini-v1/decision_tree", d=6))
    return files_of(tmp_path / "by_task") | {"decision_tree/training.csv": b"", "other/config.json": b"{}"}


def refused(*parts: str, name: str = NAME, revision: str | None = None, error=HubError) -> str:
    """The one line that fetching is refused with; it holds every part."""
    with pytest.raises(error) as caught:
        fetch(name, TASKS, revision)
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message
    return message


def go_offline(monkeypatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


# -- what is fetched


def test_a_checkpoint_at_the_root(hub: HubServer, root):
    commit = hub.repo(NAME, root).refs["main"]
    snapshot = fetch(NAME, TASKS)
    assert (snapshot.repo, snapshot.commit, snapshot.places) == (NAME, commit, [""])
    load_checkpoint(snapshot.folder)
    assert {path.name for path in snapshot.folder.iterdir()} == {CONFIG, WEIGHTS}


def test_only_wanted_files_are_asked_for(hub: HubServer, root):
    hub.repo(NAME, root)
    fetch(NAME, TASKS)
    assert hub.asked_files() == {CONFIG, WEIGHTS, *(f"{task}/{CONFIG}" for task in TASKS)}
    assert [line for line in hub.requests if line.startswith("GET") and "/resolve/" in line] == [
        f"GET /{NAME}/resolve/main/{CONFIG}"
    ]
    assert sum(line.startswith("GET /lfs/") for line in hub.requests) == 1


def test_one_folder_a_task(hub: HubServer, by_task):
    hub.repo(NAME, by_task)
    snapshot = fetch(NAME, TASKS)
    assert snapshot.places == ["linear_regression", "decision_tree"]
    for task in snapshot.places:
        assert load_checkpoint(snapshot.folder / task).task == f"mini-v1/{task}"


def test_other_tasks_are_not_fetched(hub: HubServer, by_task):
    hub.repo(NAME, by_task)
    snapshot = fetch(NAME, ["decision_tree"])
    assert snapshot.places == ["decision_tree"]
    assert hub.asked_files() == {CONFIG, f"decision_tree/{CONFIG}", f"decision_tree/{WEIGHTS}"}


def test_revisions(hub: HubServer, root, tmp_path):
    """A branch, a tag, a commit: each resolves to its commit, and to its weights."""
    repo = hub.repo(NAME, root)
    first = repo.refs["main"]
    second = repo.commit(saved(tmp_path / "second", small_model(seed=2)))
    repo.refs |= {"v1.0": first, "refs/pr/1": first}
    assert fetch(NAME, TASKS).commit == second
    for revision in (first, "v1.0", "refs/pr/1"):
        snapshot = fetch(NAME, TASKS, revision)
        assert snapshot.commit == first
        assert (snapshot.folder / WEIGHTS).read_bytes() == root[WEIGHTS]
    assert (fetch(NAME, TASKS).folder / WEIGHTS).read_bytes() != root[WEIGHTS]


def test_what_is_cached_is_not_fetched_again(hub: HubServer, root):
    hub.repo(NAME, root)
    fetch(NAME, TASKS)
    hub.requests.clear()
    fetch(NAME, TASKS)
    assert not [line for line in hub.requests if line.startswith("GET") and "/api/" not in line]


def test_from_pretrained_fetches_and_reads_strictly(hub: HubServer, root, by_task, tmp_path):
    hub.repo(NAME, root)
    hub.repo("someone/tasks", by_task)
    assert ICLModel.from_pretrained(NAME).task == "mini-v1/linear_regression"
    assert ICLModel.from_pretrained("someone/tasks", task="decision_tree").d == 6
    hub.repo("someone/other", saved(tmp_path / "other", small_model(width=16)) | {CONFIG: root[CONFIG]})
    with pytest.raises(CheckpointError, match="has shape"):
        ICLModel.from_pretrained("someone/other")


# -- offline


def test_offline_after_one_run_online(hub: HubServer, root, by_task, monkeypatch):
    hub.repo(NAME, root)
    hub.repo("someone/tasks", by_task)
    online = [fetch(NAME, TASKS), fetch("someone/tasks", TASKS)]
    hub.requests.clear()
    go_offline(monkeypatch)
    assert [fetch(NAME, TASKS), fetch("someone/tasks", TASKS)] == online
    assert fetch(NAME, TASKS, online[0].commit) == online[0]
    assert hub.requests == []


def test_offline_and_not_cached(hub: HubServer, monkeypatch):
    go_offline(monkeypatch)
    refused("someone/model@main is not whole in the cache", "run once without it")
    assert hub.requests == []


def test_offline_with_fewer_tasks_cached_than_asked_for(hub: HubServer, by_task, monkeypatch):
    """A task that was never asked for is not taken for one that the model does not have."""
    hub.repo(NAME, by_task)
    fetch(NAME, ["decision_tree"])
    go_offline(monkeypatch)
    assert fetch(NAME, ["decision_tree"]).places == ["decision_tree"]
    refused("is not whole in the cache")


# -- what is refused


def test_no_such_repository(hub: HubServer, monkeypatch):
    refused(f"there is no model {hub.url}/{NAME}, or it is private", "hf auth login")
    monkeypatch.setenv("HF_TOKEN", GOOD_TOKEN)
    refused(f"there is no model {hub.url}/{NAME}")


def test_private_and_gated_repositories(hub: HubServer, root, monkeypatch):
    hub.repo(NAME, root, private=True)
    refused("or it is private", "hf auth login")
    monkeypatch.setenv("HF_TOKEN", GOOD_TOKEN)
    fetch(NAME, TASKS)
    hub.repo("someone/gated", root, gated=True)
    refused(f"no access to {hub.url}/someone/gated", "accept its terms", name="someone/gated")


def test_no_such_revision(hub: HubServer, root):
    hub.repo(NAME, root)
    refused("has no revision 'v2'", "branch, tag or commit", revision="v2")
    refused("has no revision", revision="0" * 40)


@pytest.mark.parametrize("name", ["a/b/c", "a--b/c", "-a/b", "a/b.git", "a/" + "b" * 100])
def test_names_that_are_none(hub: HubServer, name):
    refused("is not a name on the Hub", "user/model@revision", name=name)
    assert hub.requests == []


def test_a_file_cut_short(hub: HubServer, root):
    """The client goes on from where it was cut, five times, then gives up; nothing is kept as whole."""
    hub.repo(NAME, root)
    hub.cut[WEIGHTS] = 1_000
    refused(f"fetching {hub.url}/{NAME} failed", "try again")
    assert not list(Path(constants.HF_HUB_CACHE).rglob(f"snapshots/*/{WEIGHTS}"))
    del hub.cut[WEIGHTS]
    load_checkpoint(fetch(NAME, TASKS).folder)


def test_a_file_that_was_uploaded_cut_short(hub: HubServer, root):
    hub.repo(NAME, root | {WEIGHTS: root[WEIGHTS][:-9]})
    folder = fetch(NAME, TASKS).folder
    with pytest.raises(CheckpointError, match="is cut short"):
        load_checkpoint(folder)


@pytest.mark.parametrize("stage", ["api", "body"])
def test_a_server_that_stops_answering(hub: HubServer, root, stage):
    hub.repo(NAME, root)
    hub.stall.add(stage)
    hub.cut = {CONFIG: 10} if stage == "body" else {}
    started = time.monotonic()
    refused(f"{hub.url}/{NAME} failed", "timed out", "HF_HUB_OFFLINE=1")
    assert time.monotonic() - started < 15


def test_a_server_that_is_not_there(hub: HubServer, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    refused("http://127.0.0.1:9/someone/model failed", "refused")


def test_a_full_disk(hub: HubServer, root, monkeypatch):
    hub.repo(NAME, root)

    def full(*arguments, **rest):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("huggingface_hub.file_download.http_get", full)
    refused(f"no space for {NAME} in {constants.HF_HUB_CACHE}", "set HF_HOME")


def test_a_pickle_repository(hub: HubServer, root):
    """Nothing but the listing is asked for, the pickle least of all."""
    del root[WEIGHTS]
    hub.repo(NAME, root)
    refused("holds pytorch_model.bin, a pickle", "never loaded", error=CheckpointError)
    assert hub.asked_files() == set()


def test_a_model_of_another_kind(hub: HubServer, root):
    """Its config is read before its weights are fetched."""
    hub.repo(NAME, root | {CONFIG: json.dumps({"model_type": "bert"}).encode()})
    refused("unknown key 'model_type'", error=CheckpointError)
    assert hub.asked_files() == {CONFIG}


def test_no_checkpoint_or_two_kinds(hub: HubServer, root, by_task):
    hub.repo(NAME, {"README.md": b""})
    refused("holds no checkpoint", "linear_regression, decision_tree", error=InputError)
    hub.repo(NAME, root | by_task)
    refused("a checkpoint at its root and one in linear_regression/", error=InputError)


def test_too_large_to_fetch(hub: HubServer, root):
    hub.repo(NAME, root)
    hub.sizes[WEIGHTS] = 9 * 10**9
    refused("are 9.0 GB and at most 8 GB are fetched")
    assert hub.asked_files() == set()


def test_a_branch_that_moves_while_it_is_fetched(hub: HubServer, root, monkeypatch):
    repo = hub.repo(NAME, root)
    download = hub_module.hf_hub_download

    def moving(*arguments, **rest):
        repo.commit(root | {"README.md": b"changed"})
        return download(*arguments, **rest)

    monkeypatch.setattr(hub_module, "hf_hub_download", moving)
    refused("changed while it was fetched; try again")


# -- pushing

# the client's own upload still calls httpx in a way that httpx has renamed
uploads = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@uploads
def test_push_and_fetch_a_model(hub: HubServer, tmp_path, monkeypatch):
    """The layout of the mixin, pushed by the mixin: what comes back is what was there."""
    monkeypatch.setenv("HF_TOKEN", GOOD_TOKEN)
    small_model().push_to_hub(NAME)
    repo = hub.repos[NAME]
    pushed = repo.commits[repo.refs["main"]]
    assert {name: pushed[name] for name in (CONFIG, WEIGHTS)} == saved(tmp_path / "saved")
    assert b"icl-bench evaluate" in pushed["README.md"]
    assert ICLModel.from_pretrained(NAME).task == "mini-v1/linear_regression"


@uploads
def test_push_and_fetch_a_folder_a_task(hub: HubServer, by_task, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", GOOD_TOKEN)
    (tmp_path / "by_task/state.pt").write_bytes(b"\x80")
    url = push(tmp_path / "by_task", NAME)
    repo = hub.repos[NAME]
    pushed = repo.commits[repo.refs["main"]]
    assert url == f"{hub.url}/{NAME}/commit/{repo.refs['main']}"
    del by_task["other/config.json"], by_task["decision_tree/training.csv"]
    assert pushed == by_task
    assert fetch(NAME, TASKS).places == ["linear_regression", "decision_tree"]


def test_push_without_a_token(hub: HubServer, by_task, tmp_path):
    with pytest.raises(HubError, match="hf auth login"):
        push(tmp_path / "by_task", NAME)


# -- the environment, read by a process of its own


def test_the_environment_is_honoured(hub: HubServer, root, tmp_path):
    """HF_ENDPOINT, HF_HOME and HF_HUB_OFFLINE, as a user sets them; on a pipe no progress bar is drawn."""
    hub.repo(NAME, root)
    code = f"from icl_bench.models.hub import fetch; print(fetch({NAME!r}, ['linear_regression']).folder)"
    environment = os.environ | {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_DISABLE_XET": "1",
        "NO_PROXY": "*",
    }
    for offline in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment | {"HF_HUB_OFFLINE": offline},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.startswith(str(tmp_path / "home/hub/models--someone--model/snapshots"))
        assert done.stderr == ""
