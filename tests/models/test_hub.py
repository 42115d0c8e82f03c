"""The real client against a small Hub: what it asks for, what it keeps, and what it pushes."""

import pytest
from hub_repository import GOOD_TOKEN
from hub_server import HubServer
from huggingface_hub import constants
from models.repositories import CONFIG, NAME, TASKS, WEIGHTS, refused
from models.small import saved, small_model
from raising import raises

from icl_bench.errors import CheckpointError, HubError, InputError
from icl_bench.models.hub import fetch
from icl_bench.models.model import ICLModel, load_checkpoint
from icl_bench.models.push import push


def go_offline(monkeypatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


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
    with raises(CheckpointError, "tensor-shape"):
        ICLModel.from_pretrained("someone/other")


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
    refused("not-cached", "someone/model@main", "HF_HUB_OFFLINE")
    assert hub.requests == []


def test_offline_with_fewer_tasks_cached_than_asked_for(hub: HubServer, by_task, monkeypatch):
    """A task that was never asked for is not taken for one that the model does not have."""
    hub.repo(NAME, by_task)
    fetch(NAME, ["decision_tree"])
    go_offline(monkeypatch)
    assert fetch(NAME, ["decision_tree"]).places == ["decision_tree"]
    refused("not-cached")


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


def test_push_what_is_no_checkpoint(hub: HubServer, by_task, tmp_path):
    with raises(InputError, "no-checkpoint", naming=tmp_path):
        push(tmp_path, NAME)
    (tmp_path / "by_task/decision_tree/model.safetensors").write_bytes(b"\x80\x04.")
    with raises(CheckpointError, naming="model.safetensors"):
        push(tmp_path / "by_task", NAME)
    assert hub.requests == []


def test_push_without_a_token(hub: HubServer, by_task, tmp_path):
    with raises(HubError, "no-write-access", naming="`hf auth login`"):
        push(tmp_path / "by_task", NAME)
