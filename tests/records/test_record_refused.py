"""What is no record, was changed by hand, or is of another suite is refused, with the place."""

import json

import pytest
from raising import raises

from icl_bench.errors import InputError, SpecError, UnknownNameError
from icl_bench.records.audit import check_of_suite
from icl_bench.records.read import load_record
from icl_bench.specs.result import parse_record


def change(path, keys, value):
    """Set one entry of the file, as somebody might with an editor."""
    whole = json.loads(path.read_text())
    place = whole
    for key in keys[:-1]:
        place = place[key]
    assert keys[-1] in place or isinstance(place, list)
    place[keys[-1]] = value
    path.write_text(json.dumps(whole))


LINEAR = ("tasks", "linear_regression")


@pytest.mark.parametrize(
    ("keys", "value", "places"),
    [
        (
            (*LINEAR, "estimates", "score", "value"),
            0.99,
            ("tasks.linear_regression.estimates.score ", 0.99, "-0.29"),
        ),
        (
            (*LINEAR, "estimates", "optimality", "value"),
            0.99,
            ("tasks.linear_regression.estimates.optimality ", 0.99),
        ),
        (
            (*LINEAR, "estimates", "mean_error", "value"),
            0.1,
            ("tasks.linear_regression.estimates.mean_error ", 0.1),
        ),
        ((*LINEAR, "prompt_errors", 3), 0.0, ()),
        ((*LINEAR, "error_curves", "model", 2), 0.0, ["tasks.linear_regression.error_curves.model "]),
        ((*LINEAR, "error_curves", "baseline", 2), 0.0, ["tasks.linear_regression.estimates.score "]),
        ((*LINEAR, "error_curves", "exact"), None, ["None"]),
        (
            ("tasks", "decision_tree", "estimates", "score"),
            {"value": 1.0, "low": 1.0, "high": 1.0, "reason": None},
            ["None"],
        ),
    ],
)
def test_a_record_that_was_changed_is_refused(saved, keys, value, places):
    change(saved, keys, value)
    with raises(SpecError, "changed-record", naming=(saved, *places)):
        load_record(saved)


@pytest.mark.parametrize(
    ("keys", "value", "code", "place"),
    [
        ((*LINEAR, "prompts"), 95, "spec", "prompt_errors"),
        ((*LINEAR, "points"), 10, "spec", "error_curves.model"),
        ((*LINEAR, "estimates", "score", "low"), None, "spec", "estimates.score"),
        ((*LINEAR, "estimates", "score", "low"), 7.0, "spec", "estimates.score"),
        ((*LINEAR, "estimates", "score", "reason"), "tired", "spec", "estimates.score"),
        ((*LINEAR, "prompts"), "96", "spec", "tasks.linear_regression.prompts"),
        ((*LINEAR, "prompt_errors", 0), -1.0, "spec", "tasks.linear_regression.prompt_errors[0]"),
        ((*LINEAR, "prompt_errors", 0), float("nan"), "spec", "tasks.linear_regression.prompt_errors[0]"),
        (("suite", "hash"), "abc", "spec", "suite.hash"),
        (("model",), {"kind": "hub", "id": "a/b", "revison": None}, "unknown-key", "did you mean 'revision'"),
        ((*LINEAR, "estimates", "score"), [], "spec", "tasks.linear_regression.estimates.score: "),
        (("tasks",), [], "spec", "tasks: "),
    ],
)
def test_a_file_that_breaks_the_schema_is_refused_with_the_place(saved, keys, value, code, place):
    change(saved, keys, value)
    with raises(SpecError, code, naming=(saved, place)):
        load_record(saved)


@pytest.mark.parametrize("text", ["", "{", "[]", "[1, 2]", "[" * 100_000, "null"])
def test_what_is_no_record_is_refused(tmp_path, text):
    path = tmp_path / "record.json"
    path.write_text(text)
    with raises(SpecError, naming=("record.json", "evaluate ")):
        load_record(path)


def test_a_missing_file_a_folder_and_bytes_that_are_no_text_are_reported(tmp_path):
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    for name in ("absent.json", ".", "binary.json"):
        with pytest.raises(SpecError):
            load_record(tmp_path / name)


@pytest.mark.parametrize(
    ("update", "names"),
    [
        ({"points": 3}, ("tasks.linear_regression.points ", 3, 9)),
        ({"prompts": 1}, ("tasks.linear_regression.prompts ", 1, 96)),
        ({"prompts": 5000}, ("tasks.linear_regression.prompts ", 5000, 96)),
        ({"scored": "last"}, ("tasks.linear_regression.scored ", "last", "all")),
    ],
)
def test_a_record_that_cannot_be_of_the_suite_is_refused(tiny, record, update, names):
    check_of_suite(record, tiny, "r.json")
    changed = record.tasks["linear_regression"].model_copy(update=update)
    other = record.model_copy(update={"tasks": {**record.tasks, "linear_regression": changed}})
    with raises(InputError, "other-task-sizes", naming=("r.json", "tiny-v1", *names)):
        check_of_suite(other, tiny, "r.json")


def test_a_record_of_another_suite_or_of_a_task_that_there_is_not_is_refused(tiny, record):
    other = record.model_copy(update={"suite": record.suite.model_copy(update={"name": "mini-v1"})})
    with raises(InputError, "other-suite", naming=("r.json", "mini-v1", "tiny-v1")):
        check_of_suite(other, tiny, "r.json")
    tasks = {"linear_regresion": record.tasks["linear_regression"]}
    with raises(UnknownNameError, "unknown-task", naming=("'linear_regresion'", "r.json", "tiny-v1")):
        check_of_suite(record.model_copy(update={"tasks": tasks}), tiny, "r.json")


@pytest.mark.parametrize(
    "text", ['{"half \ud800": 1}', '{"half \\ud800": 1}', '{"deep": ' + "[" * 250 + "]" * 250 + "}"]
)
def test_what_only_pythons_parser_reads_is_reported_by_the_schema(text):
    with raises(SpecError, "unknown-key", naming="r.json"):
        parse_record(text, "r.json")


@pytest.mark.parametrize("name", ["red\x1b[31m", "two\nlines", "half \udc80", "turned\u202e"])
@pytest.mark.parametrize("place", [("model", "id"), ("suite", "name"), ("missing",)])
def test_a_name_that_cannot_be_printed_is_refused(saved, place, name):
    change(saved, place, {name: "why"} if place == ("missing",) else name)
    with raises(SpecError) as caught:
        load_record(saved)
    assert str(caught.value).isprintable()
