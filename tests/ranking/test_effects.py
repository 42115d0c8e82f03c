"""Effects are the contrasts of the factorial design, and what is recorded of the references decides them."""

import json

import numpy as np
import pytest
from raising import raises
from typer.testing import CliRunner

import icl_bench
from icl_bench.cli import app
from icl_bench.errors import InputError
from icl_bench.ranking.design import FACTORS, TERMS, reference_design
from icl_bench.ranking.responses import LEARNED, RESPONSES, STEPS
from icl_bench.suites import load_suite

NAMES = {
    (-1, -1, -1): "reference/gpt2",
    (1, -1, -1): "reference/gpt2-rms",
    (-1, 1, -1): "reference/gpt2-rope",
    (-1, -1, 1): "reference/gpt2-swiglu",
    (1, 1, -1): "reference/gpt2-rms-rope",
    (1, -1, 1): "reference/gpt2-rms-swiglu",
    (-1, 1, 1): "reference/gpt2-rope-swiglu",
    (1, 1, 1): "reference/llama",
}


@pytest.mark.parametrize("name", ["mini", "paper"])
def test_the_references_are_a_complete_design(name):
    design = reference_design(load_suite(name))
    assert design.models == NAMES
    assert design.full == "reference/llama"
    assert sorted(design.hybrids) == [
        "reference/llama-rope-swigluless",
        "reference/llama-ropeless",
        "reference/llama-swigluless",
    ]


def test_contrasts_are_orthogonal_means_of_four_less_those_of_four():
    contrasts = reference_design(load_suite("mini")).contrasts()
    assert contrasts.shape == (len(TERMS), 8)
    np.testing.assert_allclose(contrasts @ contrasts.T, np.eye(len(TERMS)) / 2)
    np.testing.assert_allclose(np.abs(contrasts), 0.25)
    np.testing.assert_allclose(contrasts.sum(axis=1), 0)


def test_pairs_differ_in_their_factor_alone():
    design = reference_design(load_suite("mini"))
    levels = {name: np.array(known) for known, name in design.models.items()}
    for factor in range(len(FACTORS)):
        pairs = design.pairs(factor)
        assert len(pairs) == 4
        for high, low in pairs:
            assert (levels[high] - levels[low]).tolist() == [2 * (k == factor) for k in range(3)]


def test_an_effect_is_what_the_gains_of_the_board_give():
    task = "decision_tree"
    gains = {
        name: icl_bench.compare(name, "baseline/zero", tasks=task).differences[0].a for name in NAMES.values()
    }
    rope = [levels[1] * gains[name] / 4 for levels, name in NAMES.items()]
    both = [levels[1] * levels[2] * gains[name] / 4 for levels, name in NAMES.items()]
    found = {
        effect.term: effect
        for effect in icl_bench.effects(tasks=task).effects
        if (effect.response, effect.kind) == ("gain", "effect")
    }
    assert found["RoPE"].value == pytest.approx(sum(rope))
    assert found["RoPE × SwiGLU"].value == pytest.approx(sum(both))
    assert found["RoPE"].low < sum(rope) < found["RoPE"].high


def test_where_nothing_is_known_of_seeds_no_p_value_is_given(monkeypatch):
    found = icl_bench.effects(tasks="decision_tree")
    known = found.seeds_known
    gains = [effect for effect in found.effects if effect.response == "gain"]
    assert all((effect.p is not None) == known for effect in gains)
    learned = [
        effect for effect in icl_bench.effects(tasks="sparse_parity").effects if effect.response == LEARNED
    ]
    assert all(effect.p is not None for effect in learned)


def test_steps_are_those_of_runs_that_learned():
    found = icl_bench.effects(tasks=["sparse_parity", "vector_mqar"]).effects
    steps = [effect for effect in found if effect.response == STEPS]
    assert {effect.task for effect in steps if effect.kind == "effect"} == {
        "vector_mqar"
    }  # all eight learned
    assert all(np.isfinite(effect.value) for effect in steps)


def test_a_reference_without_a_record_is_reported():
    with raises(InputError, "no-run", naming=("reference/gpt2", "paper-v1")):
        icl_bench.effects("paper")


def test_a_suite_without_the_references_is_reported(monkeypatch):
    monkeypatch.setattr(
        "icl_bench.ranking.design.suite_models", lambda *suite: ["reference/gpt2", "reference/llama"]
    )
    with raises(InputError, "incomplete-design", naming="mini-v1"):
        icl_bench.effects("mini")


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["effects", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_verb_prints_what_the_function_gives():
    task = ["--task", "vector_mqar"]
    assert json.loads(run(*task, "--json")) == icl_bench.effects(tasks="vector_mqar").to_dict()
    narrow, wide = run(*task), run(*task, "--wide", "--pairs")
    assert "RoPE × SwiGLU" in narrow
    assert "gpt2-rope − gpt2" not in narrow
    assert "gpt2-rope − gpt2 " in wide
    markdown = run(*task, "--of", "learned", "--format", "markdown")
    assert markdown.startswith("P(learned) on mini-v1")
    assert "| RoPE " in markdown
    assert "log2" not in markdown


def test_a_frame_has_a_row_an_effect():
    found = icl_bench.effects(tasks="vector_mqar")
    frame = found.to_frame()
    assert len(frame) == len(found.effects)
    assert set(frame.response) == {"gain", LEARNED, STEPS}
    assert set(frame.kind) == {"effect", "pair", "hybrid"}
    assert RESPONSES == ("gain", LEARNED, STEPS)
