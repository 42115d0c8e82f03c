"""A record that does not follow from its errors, or is of something else, is refused in one line."""

import json
from typing import Any

import pytest
from submissions.submitted import COMMIT, OTHER, edit, not_recorded

pytestmark = pytest.mark.slow

RUN = "tiny-v1-seed-0"
RECORD, FRESH = f"{RUN}.json", f"{RUN}.fresh.json"
LINEAR = ("tasks", "linear_regression")
MQAR = ("tasks", "vector_mqar")


DEEP = json.loads("[" * 40 + "]" * 40)
FORGED = {
    "score": ((*LINEAR, "estimates", "score", "value"), 0.99),
    "score interval": ((*LINEAR, "estimates", "score", "low"), -1_000.0),
    "optimality": ((*LINEAR, "estimates", "optimality", "value"), 1.0),
    "mean error": ((*LINEAR, "estimates", "mean_error", "value"), 0.0),
    "mean error interval": ((*LINEAR, "estimates", "mean_error", "high"), 1e9),
    "one prompt's error": ((*LINEAR, "prompt_errors", 3), 0.0),
    "huge errors": ((*LINEAR, "prompt_errors", 0), 1e305),
    "curve": ((*LINEAR, "error_curves", "model", 2), 0.0),
    "band": ((*LINEAR, "error_curves", "model_low", 2), 1e6),
    "band of the scored length": ((*MQAR, "error_curves", "model_high", -1), 50.0),
    "zero's curve": ((*LINEAR, "error_curves", "zero", 0), 1e6),
    "baseline's curve": ((*LINEAR, "error_curves", "baseline", 0), 1e6),
    "exact's curve": ((*LINEAR, "error_curves", "exact", 0), 1e6),
    "exact's curve left out": ((*LINEAR, "error_curves", "exact"), None),
    "baseline": ((*LINEAR, "baseline"), "averaging"),
    "checks": ((*LINEAR, "checks"), []),
    "scored": ((*LINEAR, "scored"), "last"),
    "points": ((*LINEAR, "points"), 8),
    "fewer prompts": ((*LINEAR, "prompts"), 95),
    "NaN": ((*LINEAR, "prompt_errors", 0), float("nan")),
    "infinity": ((*LINEAR, "estimates", "mean_error", "value"), float("inf")),
    "NaN in free data": ((*LINEAR, "checkpoint", "training"), {"loss": float("nan")}),
    "weights": ((*LINEAR, "checkpoint", "sha256"), "0" * 64),
    "no weights": ((*LINEAR, "checkpoint"), None),
    "spec": ((*LINEAR, "checkpoint", "spec", "width"), 16),
    "code in the spec": ((*LINEAR, "checkpoint", "spec", "code"), "import os"),
    "parameters": ((*LINEAR, "checkpoint", "parameters"), 1),
    "training seed": ((*LINEAR, "checkpoint", "training", "seed"), 3),
    "markup": ((*LINEAR, "checkpoint", "training", "note"), "<script>alert(1)</script>"),
    "a number that fills a page": ((*LINEAR, "checkpoint", "training"), {"recipe": {"steps": 10**1_000}}),
    "deep data": ((*LINEAR, "checkpoint", "training", "note"), DEEP),
    "kind": (("model", "kind"), "reference"),
    "another model": (("model", "id"), "someone/else"),
    "another revision": (("model", "revision"), OTHER),
    "no revision": (("model", "revision"), None),
    "another suite": (("suite", "name"), "mini-v1"),
    "another lock": (("suite", "hash"), "0" * 64),
    "fewer resamples": (("suite", "resamples"), 2),
    "markup in a version": (("environment", "torch"), "<img src=x>"),
    "terminal codes": (("environment", "python"), "\x1b[2J"),
    "device": (("environment", "device"), "cuda"),
    "batch": ((*LINEAR, "batch_size"), 10**4_000),
    "seconds": ((*LINEAR, "cost", "seconds"), 1e300),
    "memory": ((*LINEAR, "cost", "peak_memory_mb"), -1e300),
    "threads": (("environment", "threads"), 10**30),
    "evaluator": (("evaluator", "commit"), "HEAD"),
    "long version": (("evaluator", "version"), "1" * 200),
    "reason": (("missing", "decision_tree"), "<b>"),
    "another task": (("missing", "x"), "y"),
    "unknown key": (("extra",), 1),
}  # fmt: skip


@pytest.mark.parametrize("what", FORGED)
def test_a_record_that_does_not_follow_from_its_errors_or_is_of_something_else(submitted, records, what):
    keys, value = FORGED[what]
    edit(records / RECORD, keys, value)
    not_recorded(submitted, records, RECORD)


FRESH_FORGED = {
    "gap": ((*LINEAR, "gap", "value"), 0.0),
    "gap interval": ((*LINEAR, "gap", "low"), -5.0),
    "gap left out": ((*LINEAR, "gap"), {"value": None, "low": None, "high": None, "reason": "none"}),
    "errors": ((*LINEAR, "prompt_errors", 0), 100.0),
    "huge errors": ((*LINEAR, "prompt_errors", 0), 1e305),
    "zero's errors": ((*LINEAR, "zero_errors", 0), 100.0),
    "exact predictor's errors": ((*LINEAR, "exact_errors", 0), 100.0),
    "no errors of the exact predictor": ((*LINEAR, "exact_errors"), None),
    "another schema": (("schema",), 1),
    "weights": ((*LINEAR, "sha256"), "0" * 64),
    "revision": (("model", "revision"), OTHER),
    "commit": (("commit",), OTHER),
    "suite": (("suite", "hash"), "0" * 64),
    "tasks": (("tasks",), {}),
    "device": (("environment", "device"), "cuda"),
}


@pytest.mark.parametrize("what", FRESH_FORGED)
def test_a_record_of_fresh_prompts_that_does_not_follow_from_them(submitted, records, what):
    keys, value = FRESH_FORGED[what]
    edit(records / FRESH, keys, value)
    not_recorded(submitted, records, FRESH)


def test_fresh_prompts_of_another_commit_are_refused(submitted, records):
    """Somebody who could choose the commit could choose the prompts."""
    not_recorded(submitted, records, COMMIT, OTHER, code="other-commit", commit=OTHER)
    not_recorded(submitted, records, "'main'", code="no-commit", commit="main")


def test_a_task_that_was_left_out_or_moved_is_reported(submitted, records):
    whole = (records / RECORD).read_text()
    value = json.loads(whole)
    value["missing"]["vector_mqar"] = "someone/model has no checkpoint for it"
    del value["tasks"]["vector_mqar"]
    (records / RECORD).write_text(json.dumps(value))
    not_recorded(submitted, records, RECORD, code="other-tasks", commit=None)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b"\x80\x04cos\nsystem\n.",
        b"null",
        b'{"schema": 1, "schema": 1}',
        b" " * 20_000_001,
    ],
    ids=range(7),
)
def test_what_is_no_record_is_one_line(submitted, records, content):
    (records / RECORD).write_bytes(content)
    not_recorded(submitted, records, RECORD)
    (records / RECORD).unlink()
    not_recorded(submitted, records, RECORD, "`icl-bench submissions evaluate`", code="no-file")


def test_a_record_that_is_a_link_is_not_read(submitted, records, tmp_path):
    (records / RECORD).rename(tmp_path / "elsewhere.json")
    (records / RECORD).symlink_to(tmp_path / "elsewhere.json")
    not_recorded(submitted, records, RECORD, code="no-file")


def texts(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a text in a value."""
    if isinstance(value, str):
        return [above]
    inner = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    return [place for key, held in inner for place in texts(held, (*above, key))]


@pytest.mark.parametrize("name", [RECORD, FRESH])
@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "a\u202eb", "\x1b[2J", "a\ufe0f"], ids=range(4)
)
def test_no_text_of_a_record_can_be_unfit_to_be_shown(submitted, records, name, text):
    whole = (records / name).read_text()
    places = texts(json.loads(whole))
    assert len(places) > 10
    for place in places:
        edit(records / name, place, text)
        assert not_recorded(submitted, records).isprintable()
        (records / name).write_text(whole)
