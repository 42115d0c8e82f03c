"""Frozen suites and records stay valid while schemas gain fields, rules and frozen baselines."""

import hashlib
import json
from typing import Literal

import pytest
from pydantic import Field
from raising import raises

import icl_bench
from icl_bench.errors import SpecError
from icl_bench.frozen.freeze import freeze, missing_baselines, needed_baselines
from icl_bench.function_classes.linear_regression import LinearRegression
from icl_bench.models.reference import PREFIX, reference_names
from icl_bench.records import audit as audit_module
from icl_bench.records.audit import audit
from icl_bench.records.read import load_record
from icl_bench.records.record_files import PROBES_ENDING
from icl_bench.records.store import board_records
from icl_bench.resources import data_folder
from icl_bench.specs.schema import locked_values
from icl_bench.specs.suite import FUNCTION_CLASSES, TaskSpec
from icl_bench.suites import load_suite, suite_names
from icl_bench.suites.catalogue import rules_hash

pytestmark = pytest.mark.slow

SHIPPED = [
    path
    for path in sorted((data_folder("submissions") / "reference").glob("*/results/*.json"))
    if not path.name.endswith(PROBES_ENDING)
]


class GrownTask(TaskSpec):
    """A task with one more key, as a later version might have."""

    noise: float = 0.0


class GrownLinear(LinearRegression):
    """A function class with one more key."""

    type: Literal["linear_regression"] = "linear_regression"
    bias: float = Field(default=0.0)


def grown(task: TaskSpec, noise: float = 0.0, **sizes) -> TaskSpec:
    """The task as a later version would read it from the same file."""
    value = task.model_dump(by_alias=True) | {"noise": noise}
    if task.function_class.type == "linear_regression":
        value["function_class"] = value["function_class"] | sizes
    return GrownTask.model_validate(value)


@pytest.mark.parametrize("name", suite_names())
def test_an_optional_key_leaves_every_lock_valid(name, monkeypatch):
    entries = dict(FUNCTION_CLASSES.entries()) | {"linear_regression": GrownLinear}
    monkeypatch.setattr(FUNCTION_CLASSES, "_entries", entries)
    suite = load_suite(name)
    for task in suite.tasks.values():
        later = grown(task)
        assert "noise" in type(later).model_fields
        assert rules_hash(suite.spec, later) == suite.lock.tasks[task.name].rules


def test_a_new_key_off_its_default_is_another_task():
    suite = load_suite("mini")
    task = suite.task("linear_regression")
    locked = suite.lock.tasks[task.name].rules
    assert rules_hash(suite.spec, grown(task, noise=0.5)) != locked
    linear = GrownLinear(dims=5, bias=1.0)
    assert linear.locked_form() == {"type": "linear_regression", "dims": 5, "bias": 1.0}
    assert GrownLinear(dims=5).locked_form() == LinearRegression(dims=5).locked_form()


def test_texts_are_not_hashed_and_sizes_are():
    task = load_suite("mini").task("linear_regression")
    reworded = task.model_copy(update={"summary": "other words", "exact_note": "Exact, in other words."})
    assert reworded.locked_form() == task.locked_form()
    assert task.model_copy(update={"points": 12}).locked_form() != task.locked_form()
    assert locked_values(LinearRegression(dims=5), {"type"}) == {"type": "linear_regression", "dims": 5}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parents[1].name)
def test_every_shipped_record_is_written_again_as_it_was(path):
    assert load_record(path).to_json() == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["mini-v1", "mini-shifts-v1"])
def test_every_shipped_record_passes_the_audit(name):
    """Of the suite of variants, which has many tasks, the first seed of each reference."""
    suite, audited, variants = load_suite(name), 0, name != "mini-v1"
    for reference in reference_names("mini-v1"):
        records = board_records(PREFIX + reference, suite)
        for record in list(records.values())[: 1 if variants else None]:
            audit(record, suite, reference)
            audited += 1
    shipped = [path for path in SHIPPED if path.name.startswith(f"{name}-seed-{0 if variants else ''}")]
    assert audited == len(shipped) > 0


def test_a_record_of_each_schema_passes_the_audit_of_a_version_with_one_more_rule(monkeypatch):
    monkeypatch.setattr(audit_module, "CHECKS", [*load_rules(), "homogeneity"])
    by_schema = {record.schema_version: record for record in map(load_record, SHIPPED)}
    assert by_schema
    for record in by_schema.values():
        audit(record, load_suite(record.suite.name), record.model.id)


def load_rules() -> list[str]:
    from icl_bench.evaluation.rules import CHECKS

    return CHECKS


def test_a_record_that_lacks_a_rule_of_its_time_or_has_an_unknown_one_is_refused():
    record = load_record(SHIPPED[0])
    suite = load_suite(record.suite.name)
    for checks, code, name in (
        (["finiteness", "determinism", "causality"], "lacks-rule", "independence"),
        ([*load_rules(), "wizardry"], "unknown-rule", "wizardry"),
    ):
        tasks = {name: task.model_copy(update={"checks": checks}) for name, task in record.tasks.items()}
        with raises(SpecError, code, naming=name):
            audit(record.model_copy(update={"tasks": tasks}), suite, "r.json")


def test_a_record_of_a_newer_schema_says_so(tmp_path):
    value = json.loads(SHIPPED[0].read_text(encoding="utf-8")) | {"schema": 3}
    (tmp_path / "r.json").write_text(json.dumps(value), encoding="utf-8")
    with raises(SpecError, "newer-schema", naming=3):
        load_record(tmp_path / "r.json")


def test_a_lock_hashes_the_same_whatever_the_ends_of_its_lines(tiny):
    before, content = (tiny.lock_hash, tiny.hash), tiny.lock_path.read_bytes()
    assert before[0] == hashlib.sha256(content).hexdigest()
    tiny.lock_path.write_bytes(content.replace(b"\n", b"\r\n"))
    try:
        assert (load_suite("tiny").lock_hash, load_suite("tiny").hash) == before
    finally:
        tiny.lock_path.write_bytes(content)


def test_one_more_frozen_baseline_leaves_the_hash_to_cite_and_every_record(own):
    freeze(own, needed_baselines(own, ["linear_regression", "sparse_parity", "vector_mqar"]))
    record = icl_bench.evaluate("baseline/knn", "tiny", ["linear_regression"])
    before = own.hash
    freeze(own, missing_baselines(own, ["linear_regression"], ["averaging"]))
    assert own.hash == before
    audit(record, own, "r.json")
    freeze(own, needed_baselines(own, ["decision_tree"]))  # its exact predictor: scores rest on these errors
    assert own.hash != before
