"""Whatever goes wrong between the client and the Hub is one line, with its remedy."""

import errno
import json
import sys
import time
from pathlib import Path

import huggingface_hub
import pytest
from hub_repository import GOOD_TOKEN
from hub_server import HubServer
from huggingface_hub import constants, file_download
from models.repositories import CONFIG, NAME, TASKS, WEIGHTS, refused
from raising import raises

from icl_bench.errors import CheckpointError, InputError
from icl_bench.models import hub_cache
from icl_bench.models.hub import fetch
from icl_bench.models.model import load_checkpoint
from icl_bench.submissions.submission_facts import card_licence


def test_no_such_repository(hub: HubServer, monkeypatch):
    refused("no-such-model", f"{hub.url}/{NAME}", "hf auth login")
    monkeypatch.setenv("HF_TOKEN", GOOD_TOKEN)
    refused("no-such-model", f"{hub.url}/{NAME}")


def test_private_and_gated_repositories(hub: HubServer, root, monkeypatch):
    hub.repo(NAME, root, private=True)
    refused("no-such-model", "hf auth login")
    monkeypatch.setenv("HF_TOKEN", GOOD_TOKEN)
    fetch(NAME, TASKS)
    hub.repo("someone/gated", root, gated=True)
    refused("no-access", f"{hub.url}/someone/gated", "hf auth login", name="someone/gated")


def test_no_such_revision(hub: HubServer, root):
    hub.repo(NAME, root)
    refused("no-such-revision", "'v2'", revision="v2")
    refused("no-such-revision", revision="0" * 40)


@pytest.mark.parametrize("name", ["a/b/c", "a--b/c", "-a/b", "a/b.git", "a/" + "b" * 100])
def test_names_that_are_none(hub: HubServer, name):
    refused("no-hub-name", "user/model@revision", name=name)
    assert hub.requests == []


def test_a_file_cut_short(hub: HubServer, root):
    """The client goes on from where it was cut, five times, then gives up; nothing is kept as whole."""
    hub.repo(NAME, root)
    hub.cut[WEIGHTS] = 1_000
    refused("fetch-failed", f"{hub.url}/{NAME}")
    assert not list(Path(constants.HF_HUB_CACHE).rglob(f"snapshots/*/{WEIGHTS}"))
    del hub.cut[WEIGHTS]
    load_checkpoint(fetch(NAME, TASKS).folder)


def test_a_file_that_was_uploaded_cut_short(hub: HubServer, root):
    hub.repo(NAME, root | {WEIGHTS: root[WEIGHTS][:-9]})
    folder = fetch(NAME, TASKS).folder
    with raises(CheckpointError, "damaged-weights"):
        load_checkpoint(folder)


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["api", "body"])
def test_a_server_that_stops_answering(hub: HubServer, root, stage, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_ETAG_TIMEOUT", 1)
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 1)
    hub.repo(NAME, root)
    hub.stall.add(stage)
    hub.cut = {CONFIG: 10} if stage == "body" else {}
    started = time.monotonic()
    refused("fetch-failed", f"{hub.url}/{NAME}", "timed out", "HF_HUB_OFFLINE=1")
    assert time.monotonic() - started < 15


def test_a_server_that_is_not_there(hub: HubServer, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    refused("fetch-failed", "http://127.0.0.1:9/someone/model", "refused")


PORTAL = b"<!DOCTYPE html><html><body>Sign in to the network</body></html>"
INFO = {"id": NAME, "sha": "0" * 40, "siblings": []}


@pytest.mark.parametrize(
    "answer",
    [PORTAL, b"", b"[]", b"null", b"{}", b"7", b'"a"', b"\xff\xfe", b"[" * 10_000]
    + [
        json.dumps(INFO | changed).encode()
        for changed in (
            {"id": "model"},
            {"id": None},
            {"id": f"{NAME}\x1b[31m"},
            {"sha": None},
            {"sha": 7},
            {"sha": "main"},
            {"siblings": 7},
            {"siblings": [{}]},
            {"siblings": [7]},
            {"siblings": [{"rfilename": 7}]},
            {"siblings": [{"rfilename": CONFIG, "size": "large"}]},
            {"siblings": [{"rfilename": CONFIG, "size": -1}]},
            {"siblings": [{"rfilename": CONFIG, "lfs": {"size": 1}}]},
            {"lastModified": "yesterday"},
        )
    ],
)
def test_an_answer_that_is_no_hubs_is_one_line(hub: HubServer, answer):
    """As the sign-in page of a network, with status 200."""
    hub.answer = answer
    message = refused("no-hub", hub.url, "HF_ENDPOINT")
    assert message.isprintable()
    assert len(message) < 400


@pytest.mark.parametrize("license", [["mit"], {"name": "mit"}, 7])
def test_a_card_whose_metadata_is_none_says_no_licence(hub: HubServer, license):
    hub.answer = json.dumps(INFO | {"cardData": {"license": license}}).encode()
    assert card_licence(NAME) is None
    hub.answer = json.dumps(INFO | {"cardData": ["mit"]}).encode()
    assert card_licence(NAME) is None


@pytest.mark.parametrize(
    "address",
    ["", "huggingface.co", "http://", "http://host:port", "http://host:0", "ftp://host", "http://[::1"],
)
def test_an_endpoint_that_is_none_is_one_line(hub: HubServer, monkeypatch, address):
    monkeypatch.setattr(constants, "ENDPOINT", address)
    refused("endpoint", f"HF_ENDPOINT is '{address}'", "https://huggingface.co")
    assert hub.requests == []


def test_a_password_in_the_endpoint_is_never_shown(hub: HubServer, root, monkeypatch):
    secret = f"http://ana:hunter2@127.0.0.1:{hub.port}"
    monkeypatch.setattr(constants, "ENDPOINT", secret)
    template = secret + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    messages = [refused("no-such-model", f"{hub.url}/{NAME}")]
    hub.repo(NAME, root)
    hub.cut[CONFIG] = 10
    messages.append(refused("fetch-failed", f"{hub.url}/{NAME}"))
    hub.answer = PORTAL
    messages.append(refused("no-hub", hub.url))
    for address in (f"http://ana:hunter2@127.0.0.1:{9}", "http://ana:hunter2@host:port"):
        monkeypatch.setattr(constants, "ENDPOINT", address)
        messages.append(refused("endpoint" if "port" in address else "fetch-failed"))
    assert all("hunter2" not in message and "ana" not in message for message in messages)


@pytest.mark.parametrize(
    ("proxy", "code"),
    [
        ("socks5://127.0.0.1:1", "no-proxy"),
        ("http://127.0.0.1:port", "no-proxy"),
        ("nonsense://127.0.0.1:1", "no-hub"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_one_line(hub: HubServer, monkeypatch, proxy, code):
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("HTTP_PROXY", proxy)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.setitem(sys.modules, "socksio", None)  # not installed
    huggingface_hub.close_session()
    refused(code, hub.url)


def test_a_full_disk(hub: HubServer, root, monkeypatch):
    hub.repo(NAME, root)

    def full(*arguments, **rest):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(file_download, "http_get", full)
    refused("no-space", NAME, constants.HF_HUB_CACHE, "set HF_HOME")


def test_a_pickle_repository(hub: HubServer, root):
    """Nothing but the listing is asked for, the pickle least of all."""
    del root[WEIGHTS]
    hub.repo(NAME, root)
    refused("pickle", "pytorch_model.bin", error=CheckpointError)
    assert hub.asked_files() == set()


def test_the_name_of_a_file_never_reaches_the_terminal_as_it_is(hub: HubServer, root):
    del root[WEIGHTS], root["pytorch_model.bin"]
    hub.repo(NAME, root | {"\x1b]0;owned\x07\x1b[31m.bin": b"\x80\x04."})
    message = refused("pickle", r"'\x1b]0;owned\x07\x1b[31m.bin'", error=CheckpointError)
    assert message.isprintable()


def test_a_model_of_another_kind(hub: HubServer, root):
    """Its config is read before its weights are fetched."""
    hub.repo(NAME, root | {CONFIG: json.dumps({"model_type": "bert"}).encode()})
    refused("other-library", "--from transformers", error=CheckpointError)
    assert hub.asked_files() == {CONFIG}


def test_no_checkpoint_or_two_kinds(hub: HubServer, root, by_task):
    hub.repo(NAME, {"README.md": b""})
    refused("no-checkpoint", "linear_regression, decision_tree", error=InputError)
    hub.repo(NAME, root | by_task)
    refused("several-checkpoints", "linear_regression/", error=InputError)


def test_too_large_to_fetch(hub: HubServer, root):
    hub.repo(NAME, root)
    hub.sizes[WEIGHTS] = 9 * 10**9
    refused("too-large", "9.0 GB", "8 GB")
    assert hub.asked_files() == set()


def test_a_branch_that_moves_while_it_is_fetched(hub: HubServer, root, monkeypatch):
    repo = hub.repo(NAME, root)
    download = hub_cache.hf_hub_download

    def moving(*arguments, **rest):
        repo.commit(root | {"README.md": b"changed"})
        return download(*arguments, **rest)

    monkeypatch.setattr(hub_cache, "hf_hub_download", moving)
    refused("moved-branch")
