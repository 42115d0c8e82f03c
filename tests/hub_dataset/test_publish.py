"""`icl-bench tasks publish`: one commit on the Hub, which `datasets` loads as the lock has it."""

import datetime
import time
from types import SimpleNamespace

import datasets
import pytest
from hub_dataset.loading import loaded_hashes, locked_hashes
from hub_repository import GOOD_TOKEN
from huggingface_hub import constants
from huggingface_hub.utils import _http
from raising import raises
from typer.testing import CliRunner

from icl_bench.cli import app
from icl_bench.errors import HubError, InputError
from icl_bench.hub_dataset.push import publish

NAME = "org/prompts"
FILES = {"README.md", "croissant.json", "eval.yaml"}
# the client's own upload still calls httpx in a way that httpx has renamed
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["tasks", "publish", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def repository(hub, monkeypatch):
    """The dataset on a Hub, for a user who is logged in and may write."""
    monkeypatch.setenv("HF_TOKEN", GOOD_TOKEN)
    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", hub.url)

    def named(name: str = NAME):
        return hub.repos[f"datasets/{name}"]

    return named


def files(repo, branch: str = "main") -> dict[str, bytes]:
    return repo.commits[repo.refs[branch]]


def test_what_is_loaded_from_the_hub_is_as_locked(tiny, repository, hub):
    code, stdout, stderr = run("tiny", "--to", NAME)
    commit = repository().refs["main"]
    assert (code, stderr.count("\n")) == (0, 1)  # how far it is
    assert stdout.splitlines() == [
        f"{hub.url}/datasets/{NAME}/commit/{commit}",
        f"name it on model cards by: --dataset {NAME}@{commit}",
    ]
    assert set(files(repository())) == FILES | {f"{task}/eval.parquet" for task in tiny.tasks}
    assert len(repository().commits) == 2  # that of the repository's making, and one of everything
    assert not repository().private
    for task in tiny.tasks:
        assert loaded_hashes(NAME, tiny, task, revision=commit) == locked_hashes(tiny, task)


def test_a_suite_of_ones_own_on_a_private_branch(own_suite, repository):
    assert run("own", "--to", NAME, "--private", "--revision", "draft")[0] == 0
    assert repository().private
    assert files(repository()) == {}
    assert "resolve/draft/linear_repeated" in files(repository(), "draft")["croissant.json"].decode()
    for task in own_suite.tasks:
        assert loaded_hashes(NAME, own_suite, task, revision="draft") == locked_hashes(own_suite, task)
    assert (
        run("own", "--to", NAME, "--private", "--revision", "draft")[0] == 0
    )  # a repeat, on the same branch


def test_a_repeat_replaces_and_keeps_what_is_not_ours(tiny, own_suite, repository):
    publish(tiny, NAME)
    repo = repository()
    repo.commit(files(repo) | {"notes.md": b"mine"})
    publish(own_suite, NAME)
    tables = {f"{task}/eval.parquet" for task in own_suite.tasks}
    assert set(files(repo)) == FILES | tables | {"notes.md"}


def test_the_same_day_gives_the_same_files(tiny, repository):
    day = datetime.date(2026, 11, 30)
    publish(tiny, NAME, date=day)
    before = files(repository())
    publish(tiny, NAME, date=day)
    assert files(repository()) == before


@pytest.mark.parametrize("request_cut", ["upload", "commit"])
def test_a_push_cut_off_half_way_loses_nothing(tiny, own_suite, repository, hub, monkeypatch, request_cut):
    without_waits = SimpleNamespace(**vars(time) | {"sleep": lambda seconds: None})
    monkeypatch.setattr(_http, "time", without_waits)  # between the client's attempts
    publish(tiny, NAME)
    before = files(repository())
    hub.stall.add(request_cut)
    code, stdout, stderr = run("own", "--to", NAME)
    assert (code, stdout) == (2, "")
    (*_, stderr) = stderr.splitlines()
    assert f"pushing to {hub.url}/datasets/{NAME} failed" in stderr
    assert "try again" in stderr
    assert files(repository()) == before
    hub.stall.clear()
    assert run("own", "--to", NAME)[0] == 0
    assert "linear_repeated/eval.parquet" in files(repository())


def test_names_without_rights(tiny, repository, hub, monkeypatch):
    hub.forbidden.add(f"datasets/{NAME}")
    with raises(HubError, "no-write-access", naming=f"{hub.url}/datasets/{NAME}"):
        publish(tiny, NAME)
    hub.forbidden.clear()
    monkeypatch.setenv("HF_TOKEN", "hf_other")
    with raises(HubError, "no-write-access", naming="hf auth login"):
        publish(tiny, NAME)
    assert hub.repos == {}


@pytest.mark.parametrize("name", ["prompts", "a b/c", "a/b/c", "org/..", ""])
def test_names_that_are_none(tiny, hub, name):
    with raises(InputError, "no-dataset-name", naming="ORG/NAME"):
        publish(tiny, name)
    assert hub.requests == []


def test_another_dataset_stays(tiny, repository, hub):
    repo = hub.repo(f"datasets/{NAME}", {"README.md": b"mine", "data.csv": b"1"})
    with raises(InputError, "other-dataset", naming=NAME):
        publish(tiny, NAME)
    assert files(repo) == {"README.md": b"mine", "data.csv": b"1"}


def test_what_is_to_be_private_is_not_pushed_in_public(tiny, repository, hub):
    repo = hub.repo(f"datasets/{NAME}", {})
    with raises(InputError, "public-dataset", naming=NAME):
        publish(tiny, NAME, private=True)
    assert files(repo) == {}


def test_without_a_network(tiny, repository, hub, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with raises(HubError, "offline", naming="HF_HUB_OFFLINE"):
        publish(tiny, NAME)
