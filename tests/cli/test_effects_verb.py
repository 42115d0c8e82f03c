"""`icl-bench effects`: what its tables show of made-up runs whose effects are known, and its errors."""

import json

import pytest
from fabricated_record import record, trained
from typer.testing import CliRunner

from icl_bench.cli import app
from icl_bench.models.reference import PREFIX
from icl_bench.ranking import effects as effects_module

NARROW = {"TERMINAL_WIDTH": "80", "COLUMNS": "80"}
WITHOUT_ROPE = ("gpt2", "gpt2-rms", "gpt2-swiglu", "gpt2-rms-swiglu")  # learn nothing that is all or nothing


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["effects", *arguments], env=NARROW)
    return result.exit_code, result.stdout, result.stderr


def records_of(runs: int):
    """What is recorded of a reference: it leaves less of the error with RoPE, and learns with it alone."""

    def all_records(name, suite):
        like = name.removeprefix(PREFIX)
        share, steps = (0.5, None) if like in WITHOUT_ROPE else (0.01, 1_200)
        return [
            record(name, share, like=like, seed=seed, training=trained(seed, steps)) for seed in range(runs)
        ]

    return all_records


@pytest.fixture
def three_runs(monkeypatch):
    monkeypatch.setattr(effects_module, "all_records", records_of(3))


def table_of(text: str, response: str) -> dict[str, dict[str, str]]:
    """A narrow table, by term and column."""
    lines = text.partition(f"{response} on mini-v1\n\n")[2].partition("\n\n")[0].splitlines()
    heads, rows = lines[0].split(), lines[2:]
    words = [(row[:30].strip(), row[30:].split()) for row in rows]
    return {term: dict(zip(heads, cells, strict=True)) for term, cells in words}


@pytest.mark.usefixtures("three_runs")
def test_an_effect_that_is_there_has_a_star_and_one_that_is_not_has_none():
    code, printed, _ = run()
    assert code == 0
    gains = table_of(printed, "gain")
    assert list(gains["RoPE"]) == ["LR", "SLR", "TLM", "DT", "SP", "VM", "M"]
    assert {cell[0] + cell[-1] for cell in list(gains["RoPE"].values())[:4]} == {"+*"}
    assert {term for term, cells in gains.items() if cells["M"].endswith("*")} == {"RoPE"}
    learned = table_of(printed, "P(learned)")
    assert learned["RoPE"] == {"SP": "+1.000*", "VM": "+1.000*"}
    assert learned["SwiGLU"] == {"SP": "+.000", "VM": "+.000"}
    steps = table_of(printed, "log2 steps to learn")  # of runs that learned: of no model without RoPE
    hybrids = [f"llama-{name} − llama" for name in ("rope-swigluless", "ropeless", "swigluless")]
    assert list(steps) == hybrids
    assert list(steps[hybrids[0]]) == ["LR", "SLR", "TLM", "DT", "SP", "VM"]
    assert "M mean over graded tasks" in " ".join(printed.split())
    assert "each effect rests on eight models with 3 or more training runs of a task" in printed
    assert "no p-value is given" not in printed


@pytest.mark.usefixtures("three_runs")
def test_the_wide_table_has_intervals_and_p_values_and_pairs_where_asked_for():
    arguments = ["--of", "gain", "--task", "linear_regression", "--wide"]
    plain, pairs = (run(*arguments, *more)[1] for more in ([], ["--pairs"]))
    (row,) = [line.split() for line in plain.splitlines() if line.split("  ")[1:2] == ["RoPE"]]
    (effect,) = [
        effect
        for effect in json.loads(run(*arguments[:-1], "--json")[1])["effects"]
        if (effect["response"], effect["term"]) == ("gain", "RoPE")
    ]
    low, high = (f"{effect[end]:+.3f}" for end in ("low", "high"))
    assert row[2:] == [f"{effect['value']:+.3f}", f"[{low},", f"{high}]", "<", "0.001"]
    assert effect["p_corrected"] < 0.001
    assert "llama-ropeless − llama" in plain
    assert "gpt2-rope − gpt2 " not in plain
    assert pairs.count(" − ") == plain.count(" − ") + 12


def test_effects_of_one_run_each_have_no_star_on_graded_tasks_and_say_why(monkeypatch):
    monkeypatch.setattr(effects_module, "all_records", records_of(1))
    printed = " ".join(run("--task", "linear_regression,sparse_parity")[1].split())
    assert "*" not in printed.partition("* significant")[0]
    assert "no model has two runs of a graded task" in printed
    assert "so no p-value is given" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--task", "linear_regresion"], "did you mean 'linear_regression'"),
        (["--suite", "mnii"], "did you mean"),
        (["--of", "gian"], "'gian' is not one of 'gain', 'learned', 'steps'"),
    ],
)
def test_a_mistake_is_reported_in_one_line(arguments, message):
    code, stdout, stderr = run(*arguments)
    assert (code, stdout) == (2, "")
    assert message in " ".join(stderr.split())


def test_a_reference_that_is_not_recorded_is_named(monkeypatch):
    known = records_of(1)
    monkeypatch.setattr(
        effects_module,
        "all_records",
        lambda name, suite: [] if name == "reference/gpt2-rms" else known(name, suite),
    )
    code, stdout, stderr = run("--task", "decision_tree")
    assert (code, stdout, stderr.count("\n")) == (2, "", 1)
    assert "reference/gpt2-rms has no record of decision_tree on mini-v1" in stderr
