"""Language models fetched by the real client from a small Hub: what is asked for, and what is refused."""

import json

import pytest
from hub_server import HubServer
from huggingface_hub import constants
from raising import raises

from icl_bench.entries.open import open_source
from icl_bench.errors import CheckpointError, HubError
from icl_bench.suites import load_suite
from icl_bench.text import memory
from icl_bench.text.hub_model import fetch_language_model

NAME = "someone/speaks"
SAFE = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}


def without(files, *names):
    return {name: content for name, content in files.items() if name not in names}


def with_config(files, **changes):
    config = json.loads(files["config.json"]) | changes
    return files | {"config.json": json.dumps(config).encode()}


def test_only_config_tokenizer_and_safe_weights_are_asked_for(hub: HubServer, language_model_files):
    commit = hub.repo(NAME, language_model_files).refs["main"]
    snapshot = fetch_language_model(NAME)
    assert (snapshot.repo, snapshot.commit) == (NAME, commit)
    assert hub.asked_files() == SAFE
    assert {path.name for path in snapshot.folder.iterdir()} == SAFE


def test_a_revision_is_pinned_to_its_commit(hub: HubServer, language_model_files):
    repo = hub.repo(NAME, language_model_files)
    first = repo.refs["main"]
    repo.commit(language_model_files | {"README.md": b"later"})
    assert fetch_language_model(f"{NAME}@{first}").commit == first
    assert fetch_language_model(NAME).commit == repo.refs["main"] != first


def test_what_was_fetched_is_found_without_a_network(hub: HubServer, language_model_files, monkeypatch):
    hub.repo(NAME, language_model_files)
    snapshot = fetch_language_model(NAME)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    hub.requests.clear()
    assert fetch_language_model(NAME) == snapshot
    assert hub.requests == []
    (snapshot.folder / "model.safetensors").unlink()
    with raises(HubError, "not-cached"):
        fetch_language_model(NAME)


def test_a_damaged_cache_is_fetched_again(hub: HubServer, language_model_files):
    hub.repo(NAME, language_model_files)
    weights = fetch_language_model(NAME).folder / "model.safetensors"
    blob = weights.resolve()
    blob.write_bytes(blob.read_bytes()[:-1] + b"\x01")
    again = fetch_language_model(NAME).folder / "model.safetensors"
    assert again.read_bytes() == language_model_files["model.safetensors"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda files: without(files, "tokenizer.json"), "no-tokenizer"),
        (lambda files: without(files, "model.safetensors"), "no-weights"),
        (
            lambda files: with_config(files, model_type="own", auto_map={"AutoModel": "run.Own"}),
            "remote-code",
        ),
        (lambda files: with_config(files, model_type="vit"), "no-language-model"),
    ],
)
def test_what_is_no_safe_language_model_is_refused_before_its_weights(
    hub: HubServer, language_model_files, change, code
):
    hub.repo(NAME, change(language_model_files))
    with raises(CheckpointError, code, naming=NAME):
        fetch_language_model(NAME)
    assert not any("safetensors" in file or file.endswith(".py") for file in hub.asked_files())


def test_what_cannot_fit_is_refused_before_its_weights(hub: HubServer, language_model_files, monkeypatch):
    monkeypatch.setattr(memory, "_free_memory", lambda: 1_000.0)
    hub.repo(NAME, language_model_files)
    with raises(CheckpointError, "out-of-memory", naming=NAME):
        fetch_language_model(NAME)
    assert "model.safetensors" not in hub.asked_files()


def test_a_suite_asked_in_text_opens_it_and_one_asked_in_numbers_does_not(
    hub: HubServer, language_model_files
):
    commit = hub.repo(NAME, language_model_files).refs["main"]
    source = open_source(NAME, load_suite("text-boolean"))
    assert source.identity.model_dump() == {"kind": "language_model", "id": NAME, "revision": commit}
    with raises(CheckpointError, "other-library", naming="--suite text-boolean"):
        open_source(NAME, load_suite("mini"))


def test_a_repository_with_checkpoints_is_no_language_model(hub: HubServer):
    hub.repo(NAME, {"conjunction/config.json": b"{}", "README.md": b"#"})
    assert fetch_language_model(NAME) is None
