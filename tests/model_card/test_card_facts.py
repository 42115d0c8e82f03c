"""Only records of exactly these weights, on this suite, come onto a card."""

import pytest
from models.folders import change_config
from models.small import saved, small_model
from raising import raises

import icl_bench
from icl_bench.errors import CheckpointError, InputError
from icl_bench.model_card.card import card_files
from icl_bench.model_card.facts import gather

LINEAR, PARITY = "linear_regression", "sparse_parity"


def refused(*arguments: object, code: str, naming: object = (), **options: object) -> None:
    with raises(InputError, code, naming=naming):
        gather(*arguments, **options)


def test_the_suite_is_found_from_the_record_or_the_folder(scored, both, tmp_path):
    assert gather(str(scored.folder), both).suite.name == "mini-v1"
    saved(tmp_path / "paper", small_model("paper-v1/linear_regression", 20, positions="none"))
    assert gather(str(tmp_path / "paper")).suite.name == "paper-v1"
    refused(str(tmp_path / "paper"), suite="mini", code="other-task", naming="paper-v1/linear_regression")
    refused(str(tmp_path / "paper"), both, suite="paper", code="other-suite", naming=("mini-v1", "paper-v1"))


def test_a_card_does_not_tell_where_a_folder_lies(scored):
    assert gather(str(scored.folder)).name == "my_model"
    assert gather(str(scored.folder), name="user/my_model").name == "user/my_model"


@pytest.mark.parametrize("name", [None, "user/my_model"])
def test_no_note_of_a_card_tells_where_a_folder_lies(scored, tmp_path, name):
    """A record says of tasks without a checkpoint that its model, the folder of that path, has none."""
    record = icl_bench.evaluate(scored.folder, tasks=[LINEAR, "decision_tree"])
    assert str(scored.folder) in record.missing["decision_tree"]
    record.save(tmp_path / "record.json")
    card = card_files(gather(str(scored.folder), [tmp_path / "record.json"], name=name))["README.md"]
    assert str(scored.folder.parent) not in card
    assert f"{name or 'my_model'} has no checkpoint for it" in card.replace("\\_", "_")


def test_records_of_other_weights(scored, both, tmp_path):
    other = small_model("mini-v1/linear_regression", 5, seed=1)
    saved(tmp_path / "other" / LINEAR, other)
    refused(str(tmp_path / "other"), both[:1], code="other-weights-recorded", naming="linear_regression")
    refused(str(tmp_path / "other"), both[1:], code="no-checkpoint-recorded", naming="sparse_parity")


def test_records_of_the_same_weights_with_another_config(scored, both, tmp_path):
    """The weights fit another number of heads, too, and answer otherwise."""
    place = tmp_path / "changed" / LINEAR
    place.mkdir(parents=True)
    for path in (scored.folder / LINEAR).iterdir():
        (place / path.name).write_bytes(path.read_bytes())
    assert gather(str(tmp_path / "changed"), both[:1]).results
    change_config(place, training={"seed": 7})
    refused(str(tmp_path / "changed"), both[:1], code="other-weights-recorded")


def test_records_of_no_weights(scored, tmp_path):
    icl_bench.evaluate(lambda xs, ys: 0 * ys, tasks=[LINEAR]).save(tmp_path / "zero.json")
    refused(str(scored.folder), [tmp_path / "zero.json"], code="other-weights-recorded", naming="none")


def test_two_records_of_one_task(scored, both):
    refused(str(scored.folder), [*both, both[0]], code="task-twice", naming="linear_regression")


def test_files_that_are_no_record(scored, tmp_path):
    (tmp_path / "record.json").write_text("{}")
    refused(str(scored.folder), [tmp_path / "record.json"], code="spec")
    refused(str(scored.folder), [tmp_path / "nowhere.json"], code="no-file", naming="nowhere.json")


@pytest.mark.parametrize(
    ("options", "code", "naming"),
    [
        ({"dataset": "prompts"}, "no-dataset-name", "ORG/NAME"),
        ({"dataset": "org/prompts@main"}, "no-dataset-commit", ("main", "org/prompts")),
        ({"dataset": "org/prompts@"}, "no-dataset-commit", "org/prompts"),
        ({"source": "https://example.org"}, "source-without-dataset", "ORG/NAME@COMMIT"),
        ({"dataset": "org/prompts", "source": "my notes"}, "no-source-address", "my notes"),
        ({"dataset": "org/prompts", "source": "javascript:1"}, "no-source-address", "javascript:1"),
    ],
)
def test_datasets_and_sources_that_are_none(scored, options, code, naming):
    refused(str(scored.folder), code=code, naming=naming, **options)


def test_models_without_a_checkpoint(tmp_path):
    refused("baseline/ridge", code="no-weights", naming="baseline/ridge")
    refused(str(tmp_path), code="no-checkpoint", naming=tmp_path)
    (tmp_path / "config.json").write_text("{")
    with raises(CheckpointError, "damaged-json", naming="config.json"):
        gather(str(tmp_path))
