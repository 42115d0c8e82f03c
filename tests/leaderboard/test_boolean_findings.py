"""Claims on Boolean functions against made-up records: each holds where its rule says so, and only there."""

import numpy as np
import pytest
from fabricated_record import record

from icl_bench.frozen.errors import load_errors
from icl_bench.leaderboard.entries import Entry
from icl_bench.leaderboard.findings import boolean
from icl_bench.leaderboard.findings.boolean import boolean_findings
from icl_bench.leaderboard.findings.finding import NOT_SEPARATED
from icl_bench.leaderboard.findings.language_models import DENIED, HOLDS
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.specs.result import LanguageModelIdentity, ModelIdentity
from icl_bench.suites import load_suite

SUITE, TEXT = "mini-boolean-v1", "text-boolean-v1"
TASKS = tuple(load_suite(SUITE).tasks)
NEAR = dict.fromkeys(TASKS, 0.01)


def board(suite, *records):
    return SuiteBoard(load_suite(suite), [Entry(each.model.id, [each]) for each in records], front=True)


def claims(*records):
    found = {claim.id.removeprefix(f"{SUITE}-"): claim for claim in boolean_findings(board(SUITE, *records))}
    assert all(claim.evidence and len(claim.table) > 1 for claim in found.values())
    return found


def model(name, **left):
    return record(f"reference/{name}", NEAR | left, suite_name=SUITE, like=name)


@pytest.mark.parametrize(
    ("left", "holds"),
    [
        ({"parity_any": 0.9}, True),
        ({"parity_any": 0.9, "disjunction": 0.3}, False),
    ],
)
def test_simpler_functions_are_nearly_matched_and_complex_ones_are_not(left, holds, monkeypatch):
    monkeypatch.setattr(boolean, "NEARLY", 0.9)  # made-up errors leave 8% by their noise
    claim = claims(model("gpt2", **left))["simple"]
    assert (HOLDS in claim.sentence) == holds == (DENIED not in claim.sentence)


def test_models_without_attention_are_held_against_those_of_attention_alone():
    assert "attention-free" not in claims(model("gpt2"), model("llama"))
    alike = claims(model("llama"), model("mamba"))["attention-free"]
    assert HOLDS in alike.sentence
    assert f"{len(TASKS)} of {len(TASKS)} tasks" in alike.sentence
    worse = claims(model("llama"), model("mamba", **dict.fromkeys(TASKS, 0.5)))["attention-free"]
    assert DENIED in worse.sentence
    assert f"0 of {len(TASKS)} tasks" in worse.sentence


def test_teaching_sequences_save_examples_or_do_not():
    saved = claims(model("llama"), model("gpt2"))["taught"]
    assert HOLDS in saved.sentence
    assert [row[0] for row in saved.table[1:]] == ["reference/gpt2", "reference/llama"]
    assert all(int(row[2]) < int(row[1]) for row in saved.table[1:])
    assert all(int(row[3]) < int(row[1]) for row in saved.table[1:])  # matched before anything is learned
    never = claims(model("llama"), model("gpt2", conjunction_taught=0.9))["taught"]
    assert DENIED in never.sentence
    assert "1 of 2" in never.sentence
    needed = {row[0]: row[2] for row in never.table[1:]}
    assert needed["reference/gpt2"] == "not within the prompt" != needed["reference/llama"]


def language_model(change):
    """A record whose accuracy is the nearest neighbour's, changed on every prompt."""
    made, tasks = record("someone/speaks", 1.0, suite_name=TEXT, like="llama"), {}
    for name, result in made.tasks.items():
        nearest = load_errors(load_suite(TEXT), name, "nearest_neighbour").values["accuracy"]
        values = np.clip(nearest + change, 0, result.points)
        tasks[name] = result.model_copy(
            update={
                "checkpoint": None,
                "language_model": LanguageModelIdentity(
                    architecture="llama", parameters=1, files={"a.gguf": "0" * 64}, library="transformers 5"
                ),
                "label_shares": [0.9] * result.points,
                "prompt_values": {"accuracy": values.tolist()},
            }
        )
    identity = ModelIdentity(kind="language_model", id="someone/speaks", revision="a1" * 20)
    return made.model_copy(update={"model": identity, "tasks": tasks})


@pytest.mark.parametrize(
    ("change", "holds", "words"),
    [
        (-5.0, False, "below the nearest neighbour's on 5 of 5"),
        (5.0, True, "above it on 5"),
        (0.0, True, "on 0 of 5"),
    ],
)
def test_a_language_model_is_compared_with_the_nearest_neighbour_prompt_by_prompt(change, holds, words):
    (claim,) = boolean_findings(board(TEXT, language_model(change)))
    assert (HOLDS in claim.sentence) == holds == (DENIED not in claim.sentence)
    assert words in claim.sentence
    assert (claim.status == NOT_SEPARATED) == (change == 0.0)
    assert len(claim.table) == 1 + len(load_suite(TEXT).tasks)
    assert all(row[-1] == "90.0" for row in claim.table[1:])


def test_a_suite_of_other_functions_has_none():
    assert not list(boolean_findings(board("mini-v1", record("reference/llama", 0.1))))


def test_a_pretrained_model_has_a_place_without_further_seeds():
    row = board(TEXT, language_model(0.0)).data.models[0]
    assert not row.one_run
    assert row.unplaced is None
    assert row.place.number == 1
    assert row.language_model.parameters == 1
    assert not row.doubted


def test_nothing_is_concluded_from_a_part_of_a_suite():
    whole = language_model(0.0)
    part = whole.model_copy(update={"tasks": dict(list(whole.tasks.items())[:-1])})
    assert list(boolean_findings(board(TEXT, whole)))
    assert not list(boolean_findings(board(TEXT, part)))
    models = [model("llama"), model("mamba")]
    some = [each.model_copy(update={"tasks": {"conjunction": each.tasks["conjunction"]}}) for each in models]
    assert "attention-free" in claims(*models)
    assert "attention-free" not in claims(*some)


def test_teaching_sequences_are_decided_on_transformers_alone():
    known = claims(model("llama"), model("mamba", conjunction_taught=0.9))["taught"]
    assert HOLDS in known.sentence
    assert "1 of 1 models of attention alone" in known.sentence
    assert len(known.table) == 3
