"""What is scored as a commit of the Hub is that commit, whatever became of its files in the cache."""

import errno
import os
from pathlib import Path

import pytest
from hub_server import HubServer
from huggingface_hub import constants, file_download
from models.repositories import CONFIG, NAME, TASKS, WEIGHTS, refused
from models.small import saved, small_model

from icl_bench.models.hub import fetch
from icl_bench.models.model import load_checkpoint


def flip(path: Path) -> None:
    """Change one bit in the last of a file's values, which stays one."""
    content = bytearray(path.read_bytes())
    content[-4] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def empty(path: Path) -> None:
    path.write_bytes(b"")


DAMAGES = [flip, cut, empty]


@pytest.fixture
def snapshot(hub: HubServer, root) -> Path:
    """The folder of a repository that was fetched once."""
    hub.repo(NAME, root)
    return fetch(NAME, TASKS).folder


@pytest.mark.parametrize("file", [CONFIG, WEIGHTS])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_fetched_again(snapshot, root, file, damage):
    """One flipped bit was loaded, and its errors recorded as the commit's."""
    damage(snapshot / file)
    assert fetch(NAME, TASKS).folder == snapshot
    assert (snapshot / file).read_bytes() == root[file]
    load_checkpoint(snapshot)


@pytest.mark.parametrize("file", [CONFIG, WEIGHTS])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_reported_where_nothing_can_be_fetched(snapshot, monkeypatch, file, damage):
    damage(snapshot / file)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    folder = Path(constants.HF_HUB_CACHE) / "models--someone--model"
    refused("damaged-cache", file, NAME, folder, "HF_HUB_OFFLINE")


def test_a_damaged_file_that_cannot_be_replaced_is_reported_with_its_cache(snapshot, monkeypatch):
    flip(snapshot / WEIGHTS)

    def refuse(source, target):
        raise PermissionError(errno.EACCES, "Permission denied", str(target))

    monkeypatch.setattr(file_download, "_chmod_and_move", refuse)
    refused("read-only-cache", constants.HF_HUB_CACHE, "Permission denied", "set HF_HOME")


def test_a_hub_that_sends_what_it_does_not_list_is_not_believed(hub: HubServer, snapshot, root):
    flip(snapshot / WEIGHTS)
    for content in list(hub.uploads.values()):
        assert content == root[WEIGHTS]
    hub.listed[WEIGHTS] = "0" * 64
    folder = Path(constants.HF_HUB_CACHE) / "models--someone--model"
    refused("damaged-cache", WEIGHTS, NAME, folder)


def test_without_links_a_file_is_held_against_the_listing(snapshot, root):
    """As on Windows, where the cache holds copies."""
    content = root[WEIGHTS]
    (snapshot / WEIGHTS).unlink()
    (snapshot / WEIGHTS).write_bytes(content)
    flip(snapshot / WEIGHTS)
    fetch(NAME, TASKS)
    assert (snapshot / WEIGHTS).read_bytes() == content


def test_weights_that_were_broken_off_are_not_whole_in_the_cache(snapshot, monkeypatch):
    (snapshot / WEIGHTS).unlink()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    refused("not-cached", f"{NAME}@main", "HF_HUB_OFFLINE")


def test_a_repository_has_the_name_that_the_hub_has_for_it(hub: HubServer, root, monkeypatch):
    repo = hub.repo("Someone/Model", root)
    for asked in ("someone/model", "old/name"):  # other capitals, and a name from before
        hub.repos[asked] = repo
        hub.renamed[asked] = "Someone/Model"
        assert fetch(asked, TASKS).repo == "Someone/Model"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert fetch("someone/model", TASKS).repo == "Someone/Model"
    assert fetch("Someone/Model", TASKS).repo == "Someone/Model"
    refused("not-cached", "old/name@main", name="old/name")


def read_only(monkeypatch) -> None:
    """The client may write nothing to the cache; root may everywhere, so the answer is given here."""

    def refuse(self, *arguments, **rest):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    for name in ("write_text", "touch"):
        monkeypatch.setattr(Path, name, refuse)
    monkeypatch.setattr(os, "makedirs", lambda place, **rest: refuse(place))


def test_a_shared_cache_that_holds_the_commit_is_enough(hub: HubServer, root, monkeypatch, tmp_path):
    """Its branch has moved since, to a commit that somebody fetched by its hash."""
    repo = hub.repo(NAME, root)
    fetch(NAME, TASKS)
    moved = repo.commit(saved(tmp_path / "moved", small_model(seed=2)))
    fetch(NAME, TASKS, moved)
    read_only(monkeypatch)
    assert fetch(NAME, TASKS).commit == moved


def test_a_shared_cache_whose_branch_has_moved_is_reported(hub: HubServer, root, monkeypatch, tmp_path):
    repo = hub.repo(NAME, root)
    fetch(NAME, TASKS)
    repo.commit(saved(tmp_path / "moved", small_model(seed=2)))
    read_only(monkeypatch)
    refused("read-only-cache", constants.HF_HUB_CACHE, NAME, "set HF_HOME", "HF_HUB_OFFLINE=1")
