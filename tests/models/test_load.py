"""Names become checkpoints: who a model is, which tasks it has, and one line for every name that is none."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
from hub_server import HubServer
from models.small import files_of, saved, small_model, small_spec
from raising import raises

from icl_bench.entries.open import open_checkpoints, open_source
from icl_bench.errors import CheckpointError, InputError, UnknownNameError
from icl_bench.models import shipped as shipped_module
from icl_bench.models.load import load_model
from icl_bench.models.model import ICLModel
from icl_bench.predictor import Missing
from icl_bench.resources import data_folder
from icl_bench.suites import Suite, load_suite

LINEAR, TREE = "linear_regression", "decision_tree"


@pytest.fixture(scope="module")
def suite() -> Suite:
    return load_suite("mini")


def model_for(suite: Suite, task: str, **changes) -> ICLModel:
    """A small model of the right sizes for a task."""
    function_class = suite.tasks[task].function_class
    return small_model(f"{suite.name}/{task}", function_class.d, function_class.k, **changes)


@pytest.fixture
def folder(suite, tmp_path) -> Path:
    """A folder with checkpoints for two of the suite's tasks."""
    for task in (LINEAR, TREE):
        saved(tmp_path / "model" / task, model_for(suite, task))
    return tmp_path / "model"


@pytest.fixture
def shipped(suite, tmp_path, monkeypatch) -> Path:
    """Reference models of which only llama has weights, for one task."""
    specs = tmp_path / "reference/specs"
    shutil.copytree(data_folder("submissions") / "reference/specs", specs)
    saved(tmp_path / "reference/runs/mini-v1/llama/seed-0" / LINEAR, model_for(suite, LINEAR))
    monkeypatch.setattr(shipped_module, "data_folder", lambda name: tmp_path)
    return tmp_path / "reference"


def refused(
    suite: Suite, name: object, code: str, data: object = (), error: type[InputError] = InputError, **options
) -> None:
    with raises(error, code, naming=data):
        open_source(str(name), suite, **options)


def test_one_folder_a_task(suite, folder):
    submitted = open_source(str(folder), suite)
    assert list(submitted.checkpoints) == [LINEAR, TREE]
    missing = submitted.task_predictor(suite.tasks["sparse_parity"])
    assert missing == Missing(f"{folder} has no checkpoint for it")
    for task in (LINEAR, TREE):
        points, function_class = suite.tasks[task].points, suite.tasks[task].function_class
        xs = np.zeros((2, points, function_class.d), np.float32)
        ys = np.zeros((2, points, function_class.k), np.float32)
        predictor = submitted.task_predictor(suite.tasks[task]).predictor
        assert predictor.predict(xs, ys).shape == ys.shape


def test_a_checkpoint_at_the_root(suite, folder):
    submitted = open_source(str(folder / TREE), suite)
    assert list(submitted.checkpoints) == [TREE]


def test_the_identity_of_a_checkpoint(suite, folder):
    submitted = open_source(str(folder), suite, tasks=[LINEAR])
    assert list(submitted.checkpoints) == [LINEAR]
    assert submitted.identity.model_dump() == {"kind": "folder", "id": str(folder), "revision": None}
    identity = submitted.checkpoints[LINEAR].identity
    assert identity.sha256 == hashlib.sha256((folder / LINEAR / "model.safetensors").read_bytes()).hexdigest()
    assert identity.spec == small_spec()
    assert identity.training == {"seed": 0}
    model = submitted.checkpoints[LINEAR].load()
    unread = model.architecture.max_tokens() - (2 * suite.tasks[LINEAR].points - 1)
    assert (
        identity.parameters == sum(p.numel() for p in model.parameters()) - unread * model.architecture.width
    )


def test_a_path_from_home_and_a_relative_path(suite, folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    assert open_source("~/model", suite).identity.id == "~/model"
    monkeypatch.chdir(folder.parent)
    assert open_source("model", suite).identity.kind == "folder"
    assert open_source("./model", suite).identity.id == "./model"


def test_a_reference_model(suite, shipped):
    submitted = open_source("reference/llama", suite)
    assert submitted.identity.model_dump() == {"kind": "reference", "id": "reference/llama", "revision": None}
    assert list(submitted.checkpoints) == [LINEAR]


def test_reference_models_that_are_not_there(suite, shipped):
    refused(suite, "reference/lama", "unknown-model", "did you mean 'reference/llama'", UnknownNameError)
    refused(suite, "llama", "unknown-model", "did you mean 'reference/llama'", UnknownNameError)
    refused(suite, "reference/gpt2", "no-weights", ("mini-v1", "`icl-bench train reference/gpt2 "))
    refused(suite, "reference/llama", "no-weights", f"mini-v1/{TREE}", tasks=[TREE])
    refused(load_suite("paper"), "reference/llama", "no-weights", "paper-v1")
    refused(suite, "reference/../../etc", "unknown-model", error=UnknownNameError)


def test_a_model_of_another_suite_says_of_which(suite):
    refused(suite, "zoo/looped-8", "no-model-of-suite", ("zoo/looped-8", "--suite mini-conditioning-v1"))


def test_a_hub_model(suite, folder, hub: HubServer):
    repo = hub.repo("someone/model", files_of(folder))
    first = repo.refs["main"]
    second = repo.commit(files_of(folder) | {"README.md": b""})
    for name, revision, commit in [
        ("someone/model", None, second),
        (f"someone/model@{first}", None, first),
        ("someone/model", first[:40], first),
        (f"someone/model@{first}", first, first),
    ]:
        submitted = open_source(name, suite, revision)
        assert submitted.identity.model_dump() == {"kind": "hub", "id": "someone/model", "revision": commit}
        assert list(submitted.checkpoints) == [LINEAR, TREE]


def test_a_folder_comes_before_a_hub_model_of_its_name(suite, folder, hub: HubServer, monkeypatch):
    monkeypatch.chdir(folder.parents[1])
    assert open_source(f"{folder.parent.name}/model", suite).identity.kind == "folder"
    assert hub.requests == []


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "~/nowhere", "runs/llama/x", "a b/c"])
def test_paths_that_are_not_there(suite, name):
    refused(suite, name, "no-folder", name)


@pytest.mark.parametrize("name", ["~nosuchuser/x", "m" * 5_000, "someone/" + "m" * 5_000])
def test_names_that_the_system_cannot_look_for(suite, name):
    refused(suite, name, "no-folder", name[:200])
    with raises(InputError, "no-folder") as caught:
        load_model(name)
    assert len(str(caught.value)) < 400


def test_names_that_are_no_model(suite):
    with raises(InputError, "no-weights", naming=("baseline/zero", "`icl-bench baselines list`")):
        open_checkpoints("baseline/zero", suite)
    refused(suite, "", "unknown-model")


def test_revisions_belong_to_hub_models(suite, folder, shipped):
    refused(suite, folder, "no-revision", revision="main")
    refused(suite, "reference/llama", "no-revision", revision="main")
    refused(suite, "someone/model@main", "two-revisions", revision="v2")


def test_a_checkpoint_for_another_suite_or_task(suite, folder):
    paper = load_suite("paper")
    refused(paper, folder / LINEAR, "other-task", (f"mini-v1/{LINEAR}", "paper-v1"), CheckpointError)
    refused(paper, folder, "other-task", (f"mini-v1/{LINEAR}", f"paper-v1/{LINEAR}"), CheckpointError)
    refused(suite, folder / LINEAR, "other-task", f"mini-v1/{TREE}", CheckpointError, tasks=[TREE])
    (folder / TREE).rename(folder / "sparse_parity")
    refused(suite, folder, "other-task", (f"mini-v1/{TREE}", "mini-v1/sparse_parity"), CheckpointError)


def test_a_checkpoint_of_other_sizes(suite, tmp_path):
    saved(tmp_path / "wide", small_model(f"mini-v1/{LINEAR}", d=1_000))
    refused(suite, tmp_path / "wide", "checkpoint-sizes", "d = 1000", CheckpointError)
    short = model_for(suite, LINEAR, positions={"type": "learned", "max_tokens": 3})
    saved(tmp_path / "short", short)
    refused(suite, tmp_path / "short", "checkpoint-sizes", "3 positions", CheckpointError)


def test_folders_without_checkpoints(suite, folder, tmp_path):
    (tmp_path / "empty").mkdir()
    refused(suite, tmp_path / "empty", "no-checkpoint", "config.json")
    (folder / TREE / "model.safetensors").rename(folder / TREE / "pytorch_model.bin")
    refused(suite, folder, "pickle", (TREE, "pytorch_model.bin"), CheckpointError)
    (folder / TREE / "pytorch_model.bin").unlink()
    refused(suite, folder, "no-weights-file", (TREE, "model.safetensors"), CheckpointError)


def test_damaged_weights_are_reported_before_anything_is_evaluated(suite, folder):
    path = folder / TREE / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    refused(suite, folder, "damaged-weights", path, CheckpointError)


def test_a_root_and_a_folder_at_once(suite, folder):
    saved(folder.parent / "root")
    for name, content in files_of(folder.parent / "root").items():
        (folder / name).write_bytes(content)
    refused(suite, folder, "several-checkpoints", f"{LINEAR}/")


@pytest.mark.parametrize(
    ("name", "task", "revision", "code", "data"),
    [
        ("reference/gpt2", None, None, "several-checkpoints", "mini/linear_regression"),
        ("reference/gtp2", "mini/linear_regression", None, "unknown-model", "did you mean 'reference/gpt2'"),
        ("reference/gpt2", "mini/linear", None, "unknown-task", "did you mean 'linear_regression'"),
        ("reference/gpt2", "paper/linear_regression", None, "no-weights", "paper-v1/linear_regression"),
        ("reference/gpt2", "mini/linear_regression", "main", "no-revision", "reference/gpt2"),
    ],
)
def test_one_checkpoint_of_a_reference_is_named_with_its_suite(name, task, revision, code, data):
    with raises(InputError, code, naming=data):
        load_model(name, task, revision)
