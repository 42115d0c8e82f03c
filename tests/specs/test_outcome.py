"""What a checkpoint says of how its training ended may be anything: it is read, or it is not there."""

from typing import Any

import pytest
from fabricated_record import record, trained

from icl_bench.specs.outcome import OUTCOME_COLUMNS, read_outcome, training_processor


@pytest.mark.parametrize(
    "training",
    [
        None,
        {},
        {"outcome": None},
        {"outcome": "converged"},
        {"outcome": {"steps": 5}},
        {"outcome": {**trained(0)["outcome"], "steps": "5"}},
        {"outcome": {**trained(0)["outcome"], "ended": "<b>now</b>"}},
        {"outcome": {**trained(0)["outcome"], "steps_to_learn": {"0.7": 3}}},
        {"outcome": {**trained(0)["outcome"], "doubling_gain": float("nan")}},
    ],
)
def test_what_cannot_be_read_is_not_there(training: dict[str, Any] | None) -> None:
    assert read_outcome(training) is None


@pytest.mark.parametrize(
    ("environment", "known"),
    [
        ({"device": "cuda", "processor": "NVIDIA H200"}, "NVIDIA H200"),
        ({"device": "cpu", "processor": None}, "cpu"),
        ({}, None),
        ({"processor": ["EPYC"]}, None),
        ("a laptop", None),
        (None, None),
    ],
)
def test_what_a_run_was_trained_on_is_known_where_it_is_told(environment: Any, known: str | None) -> None:
    assert training_processor({"environment": environment}) == known


def test_a_record_tells_how_its_runs_ended() -> None:
    with_seed = record("someone/model", 0.1, training=trained(3, learned=None))
    frame = with_seed.to_frame().set_index("task")
    row = frame.loc["vector_mqar"]
    assert (row["seed"], row["steps"], row["ended"], row["converged"]) == (3, 5_000, "budget", False)
    assert row["steps_to_learn_0.9"] is None or row["steps_to_learn_0.9"] != row["steps_to_learn_0.9"]
    older = record("someone/model", 0.1, training={"seed": 3}).to_frame()
    assert older[list(OUTCOME_COLUMNS)].isna().all().all()
