"""`NAME:loops=N`: the weights of NAME with its looped layers applied another number of times, as a model."""

from pathlib import Path

import numpy as np
import pytest
from models.small import saved, small_model, small_spec
from raising import raises
from small_suite import tasks_folder, tiny  # noqa: F401

import icl_bench
from icl_bench.entries.base import Source
from icl_bench.entries.open import kind_of, open_source
from icl_bench.errors import CheckError, InputError, SpecError
from icl_bench.evaluation.seeds import holds_seeds, open_seeds
from icl_bench.model_card.facts import gather
from icl_bench.models.load import load_model
from icl_bench.ranking.contenders import contenders
from icl_bench.records.file_name import default_file_name
from icl_bench.records.pooled import by_model
from icl_bench.records.reproduce import model_of, verify
from icl_bench.specs.loops import cut_loops, split_loops, with_loops
from icl_bench.specs.result import ModelIdentity, parse_record
from icl_bench.submissions.submit import split_names
from icl_bench.suites import load_suite

LINEAR = "linear_regression"


@pytest.fixture(autouse=True)
def _suite(tiny, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.chdir(tmp_path)


def save_looped(folder: str, seed: int = 0, **group) -> None:
    layers = [{"sublayers": small_spec()["layers"][0]["sublayers"], "loop": 3, "inject": True, **group}]
    saved(Path(folder, LINEAR), small_model(f"tiny-v1/{LINEAR}", 3, 1, seed, layers=layers))


@pytest.fixture
def looped() -> str:
    """A folder with a checkpoint whose layers are applied three times."""
    save_looped("runs/mine")
    return "runs/mine"


def opened(name: str) -> Source:
    return open_source(name, load_suite("tiny"))


def test_a_name_is_taken_apart_and_put_together():
    for name in ("runs/mine", "user/model@main", "reference/gpt2", "C:\\runs\\mine", "."):
        assert split_loops(name) == (name, None)
        assert with_loops(name, None) == name
        assert split_loops(with_loops(name, 8)) == (name, 8)
        assert cut_loops(f"{name}:loops=8") == (name, ":loops=8")


@pytest.mark.parametrize("number", ["0", "-1", "257", "10000", "", "08", "1.5", "many", "9" * 4_000])
def test_a_number_of_loops_that_cannot_be_asked_for(looped, number):
    with raises(InputError, "no-such-loops", naming=("runs/mine", number, 256)):
        opened(f"{looped}:loops={number}")


def test_two_numbers_of_loops(looped):
    with raises(InputError, "two-loops", naming="runs/mine:loops=2:loops=3"):
        opened(f"{looped}:loops=2:loops=3")


def test_only_the_spec_and_the_name_are_others(looped):
    task = load_suite("tiny").tasks[LINEAR]
    own, more = (opened(name).task_predictor(task).checkpoint for name in (looped, f"{looped}:loops=7"))
    assert opened(f"{looped}:loops=7").identity.id == "runs/mine:loops=7"
    assert [layer["loop"] for layer in more.spec["layers"]] == [7]
    expected = {"layers": [own.spec["layers"][0] | {"loop": 7}]}
    assert more == own.model_copy(update={"spec": own.spec | expected})


def test_predictions_are_those_of_so_many_loops(looped):
    save_looped("runs/longer", loop=7)
    suite = load_suite("tiny")
    xs, ys = np.ones((2, 4, 3), np.float32), np.ones((2, 4, 1), np.float32)
    names = ("runs/mine", "runs/mine:loops=7", "runs/longer")
    predictions = []
    weights = load_model("runs/mine", LINEAR).state_dict()
    saved(Path("runs/longer", LINEAR), model := load_model("runs/longer", LINEAR))
    model.load_state_dict(weights)
    saved(Path("runs/longer", LINEAR), model)
    for name in names:
        predictions.append(opened(name).task_predictor(suite.tasks[LINEAR]).predictor.predict(xs, ys))
    assert np.array_equal(predictions[1], predictions[2])
    assert not np.allclose(predictions[0], predictions[1])
    module = load_model("runs/mine:loops=7", LINEAR)
    assert module.architecture == model.architecture


@pytest.mark.parametrize(
    ("name", "error", "code"),
    [
        ("baseline/ridge", InputError, "no-weights"),
        ("runs/plain", SpecError, "not-looped"),
    ],
)
def test_what_has_no_looped_layers_is_refused(name, error, code):
    save_looped("runs/plain", loop=1, inject=False)
    with raises(error, code, naming=name.rpartition("/")[2] if name.startswith("baseline") else "small"):
        opened(f"{name}:loops=8")


def test_a_folder_of_that_very_name_comes_first(looped):
    save_looped("runs/mine:loops=8", loop=2)
    source = opened("runs/mine:loops=8")
    assert source.identity.id == "runs/mine:loops=8"
    checkpoint = source.task_predictor(load_suite("tiny").tasks[LINEAR]).checkpoint
    assert checkpoint.spec["layers"][0]["loop"] == 2
    assert opened("runs/mine:loops=8:loops=4").identity.id == "runs/mine:loops=8:loops=4"


def test_a_name_has_the_kind_of_what_it_is_made_of(looped):
    suite = load_suite("tiny")
    names = {"folder": looped, "baseline": "baseline/ridge", "reference": "reference/x", "hub": "user/model"}
    assert {kind_of(f"{name}:loops=8", suite).type for name in names.values()} == set(names)


def test_every_seed_of_a_folder(looped):
    for seed in (0, 1):
        save_looped(f"runs/seeds/seed-{seed}", seed)
    suite = load_suite("tiny")
    assert holds_seeds("runs/seeds:loops=4", suite)
    seeds = open_seeds("runs/seeds:loops=4", suite, [LINEAR])
    ids = [source.identity.id for source in seeds.sources.values()]
    assert ids == ["runs/seeds/seed-0:loops=4", "runs/seeds/seed-1:loops=4"]
    (compared,) = contenders(["runs/seeds:loops=4"], suite, [LINEAR])
    assert (compared.name, set(compared.runs[LINEAR])) == ("small:loops=4", {0, 1})


def test_a_record_is_read_back_and_verified(looped):
    record = icl_bench.evaluate("runs/mine:loops=8", "tiny", LINEAR)
    assert parse_record(record.to_json(), "it") == record
    assert record.model.id == model_of(record) == "runs/mine:loops=8"
    assert verify(record, model_of(record)).holds
    with raises(CheckError, "other-training", naming="runs/mine"):
        verify(record, "runs/mine")


def test_a_record_of_the_hub_names_its_commit_before_its_loops(looped):
    record = icl_bench.evaluate("runs/mine:loops=8", "tiny", LINEAR)
    identity = ModelIdentity(kind="hub", id="user/model:loops=8", revision="a" * 40)
    assert model_of(record.model_copy(update={"model": identity})) == f"user/model@{'a' * 40}:loops=8"


def test_numbers_of_loops_are_compared_as_models_of_their_own(looped):
    suite = load_suite("tiny")
    first, second = contenders(["runs/mine", "runs/mine:loops=8"], suite, [LINEAR])
    assert (first.name, second.name) == ("small", "small:loops=8")
    assert not np.array_equal(first.runs[LINEAR][0], second.runs[LINEAR][0])
    records = [icl_bench.evaluate(name, "tiny", LINEAR) for name in ("runs/mine", "runs/mine:loops=8")]
    assert list(by_model((record.model.id, record) for record in records)) == ["small", "small:loops=8"]


def test_a_record_has_a_file_of_its_own_that_every_file_system_can_hold():
    suite = load_suite("tiny")
    tasks = list(suite.tasks)
    assert default_file_name("runs/mine:loops=8", suite, tasks) == "runs__mine-loops=8-tiny-v1.json"
    names = ["runs/mine", "runs/mine-loops=8", "runs/mine-loops-8", "runs/mine:loops=8", "runs/mine:loops=9"]
    assert len({default_file_name(name, suite, tasks) for name in names}) == len(names)
    revision = default_file_name("user/model:loops=8", suite, tasks, "main")
    assert revision == default_file_name("user/model@main:loops=8", suite, tasks)


def test_it_cannot_be_submitted_and_has_no_card(looped):
    for name in ("user/model:loops=8", "user/model@main:loops=8"):
        with raises(InputError, "loops-submitted", naming=(name, "config.json")):
            split_names([name])
    with raises(InputError, "loops-on-card", naming="runs/mine:loops=8"):
        gather("runs/mine:loops=8", suite="tiny")
