"""A model of the Hub may be named as the Hub itself shows it: by revision, by tag, by its address."""

import pytest
from hub_server import HubServer
from huggingface_hub import constants
from models.small import saved, small_model
from raising import raises

from icl_bench.errors import InputError
from icl_bench.models.hub_names import parse_hub_name
from icl_bench.models.load import load_model


@pytest.mark.parametrize(
    ("name", "revision", "expected"),
    [
        ("user/model", None, ("user/model", None)),
        ("user/model", "v1", ("user/model", "v1")),
        ("user/model@refs/pr/1", None, ("user/model", "refs/pr/1")),
        ("user/model@v1.0+cu121", None, ("user/model", "v1.0+cu121")),
        ("user/model@v1", "v1", ("user/model", "v1")),
        ("https://huggingface.co/user/model", None, ("user/model", None)),
        ("https://huggingface.co/user/model/", "v1", ("user/model", "v1")),
        ("http://hf.co/user/model/tree/v1.0+cu121", None, ("user/model", "v1.0+cu121")),
        ("huggingface.co/user/model/tree/refs%2Fpr%2F1", None, ("user/model", "refs/pr/1")),
        (f"https://huggingface.co/user/model/commit/{'a' * 40}", None, ("user/model", "a" * 40)),
    ],
)
def test_names_of_models(name, revision, expected):
    assert parse_hub_name(name, revision) == expected


@pytest.mark.parametrize(
    ("name", "revision", "code", "data"),
    [
        ("user/model@v1", "v2", "two-revisions", ()),
        ("https://huggingface.co/user/model/tree/v1", "v2", "two-revisions", ()),
        ("https://huggingface.co/datasets/user/model", None, "no-model-address", ()),
        ("https://example.org/user/model", None, "no-model-address", "user/model@revision"),
        ("https://huggingface.co/user", None, "no-model-address", ()),
        ("hf://user/model", None, "no-model-address", ()),
        ("user/model@a b", None, "no-folder", ()),
        ("a/b/c", None, "no-folder", ()),
        ("./a/b", None, "no-folder", ()),
    ],
)
def test_names_that_are_none(name, revision, code, data):
    with raises(InputError, code, naming=data):
        parse_hub_name(name, revision)


def test_a_tag_and_an_address_are_fetched(hub: HubServer, tmp_path, monkeypatch):
    repo = hub.repo("user/model", saved(tmp_path / "first"))
    repo.refs["v1.0+cu121"] = repo.refs["main"]
    second = small_model(seed=2)
    repo.commit(saved(tmp_path / "second", second))
    tagged = [load_model("user/model@v1.0+cu121"), load_model(f"{hub.url}/user/model/tree/v1.0+cu121")]
    newest = load_model(f"{hub.url}/user/model")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    tagged.append(load_model("user/model@v1.0+cu121"))
    for model in tagged:
        assert model.read_in.weight.equal(small_model().read_in.weight)
    assert newest.read_in.weight.equal(second.read_in.weight)
