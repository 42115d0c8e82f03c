"""Code that peeks where no first check looks is refused; what knows the frozen prompts is warned of."""

import numpy as np
import pytest
import torch
from raising import raises
from torch import nn
from typer.testing import CliRunner

import icl_bench
from icl_bench.baselines.averaging import Averaging
from icl_bench.baselines.base import BASELINES
from icl_bench.baselines.least_squares import LeastSquares
from icl_bench.cli import app
from icl_bench.errors import CheckError, InputError, ResultWarning
from icl_bench.evaluation.cuts import cut_prompts
from icl_bench.frozen.freeze import serving_baselines
from icl_bench.records.read import load_record
from icl_bench.specs.result import without_timings
from icl_bench.suites import load_prompts, load_suite

LINEAR = "linear_regression"
SEED = "7" * 40


class Memoriser:
    """Knows every frozen prompt by its inputs so far, and answers what it does not know as another does."""

    def __init__(self, suite, task, other):
        prompts = load_prompts(load_suite(suite), task)
        self.other = other
        self.known = {
            x[: i + 1].tobytes(): y[i]
            for x, y in zip(prompts.xs, prompts.ys, strict=True)
            for i in range(len(x))
        }

    def predict(self, xs, ys):
        answers = self.other.predict(xs, ys)
        for answer, x in zip(answers, xs, strict=True):
            for i in range(len(x)):
                answer[i] = self.known.get(x[: i + 1].tobytes(), answer[i])
        return answers


def test_a_memoriser_is_better_than_an_exact_predictor_and_worse_on_fresh_prompts(tmp_path):
    with pytest.warns(ResultWarning) as warned:
        record = icl_bench.evaluate(Memoriser("mini", LINEAR, LeastSquares()), "mini", LINEAR)
    assert record.tasks[LINEAR].optimality.value > 1.3
    too_good, worse = (str(warning.message) for warning in warned)
    assert "more than any predictor has" in too_good
    assert "lower by 0.3" in worse
    assert "on fresh prompts" in worse
    record.save(tmp_path / "r.json")
    compared = CliRunner().invoke(
        app, ["compare", str(tmp_path / "r.json"), "baseline/zero", "--task", LINEAR]
    )
    assert compared.exit_code == 0
    assert [line for line in compared.stderr.splitlines() if too_good in line or worse in line] == [
        f"⚠ A, test_cheats.Memoriser, {doubt}" for doubt in (too_good, worse)
    ]
    with pytest.warns(ResultWarning) as warned:
        comparison = icl_bench.compare("baseline/zero", record, "mini", LINEAR)
    assert [str(warning.message) for warning in warned] == comparison.doubts
    assert comparison.doubts == [f"B, test_cheats.Memoriser, {doubt}" for doubt in (too_good, worse)]
    assert comparison.to_dict()["doubts"] == comparison.doubts
    assert icl_bench.compare("baseline/zero", "reference/gpt2", "mini", LINEAR).doubts == []


def test_a_memoriser_no_better_than_an_exact_predictor_is_worse_on_fresh_prompts(tiny):
    with pytest.warns(ResultWarning, match="on fresh prompts"):
        icl_bench.evaluate(Memoriser("tiny", "vector_mqar", Averaging()), "tiny", "vector_mqar")


def peeks_where(chosen):
    """Least squares, but for the rows `chosen(xs, ys)` of a batch, on which it answers the target itself."""

    def predict(xs, ys):
        answers, rows = LeastSquares().predict(xs, ys), chosen(xs, ys)
        answers[rows] = ys[rows]
        return answers

    return predict


def in_late_rows(xs, ys):
    return np.arange(len(xs)) >= 20


def unless_it_looks_like_a_check(xs, ys):
    """A few rows, or rows with one beginning; nor the first four, which are asked about twice."""
    checked = len(xs) < 32 or (xs[0, 0] == xs[1, 0]).all()
    return (np.arange(len(xs)) >= 4) & (not checked)


@pytest.mark.parametrize("chosen", [in_late_rows, unless_it_looks_like_a_check])
@pytest.mark.parametrize("task", [LINEAR, "sparse_parity", "vector_mqar"])
def test_peeking_in_any_row_of_a_batch_is_refused(tiny, chosen, task):
    with raises(CheckError, "causality", naming=("prediction ", " of prompt ", task, "y_")):
        icl_bench.evaluate(peeks_where(chosen), "tiny", task)


def test_peeking_in_a_fiftieth_of_the_prompts_is_refused():
    rare = peeks_where(lambda xs, ys: np.abs(xs[:, 0, 0]) > 2.33)
    with raises(CheckError, "causality", naming=LINEAR):
        icl_bench.evaluate(rare, "mini", LINEAR)


def test_a_cut_prompt_keeps_what_a_prediction_may_read_and_nothing_else():
    xs, ys = np.arange(24.0).reshape(2, 4, 3), np.arange(8.0).reshape(2, 4, 1)
    cut_xs, cut_ys = cut_prompts(xs, ys, np.array([0, 2]), np.array([1, 0]))
    np.testing.assert_array_equal(cut_xs[0], [xs[0, 0], *xs[1, 1:]])
    np.testing.assert_array_equal(cut_ys[0], ys[1])
    np.testing.assert_array_equal(cut_xs[1], [*xs[1, :3], xs[0, 3]])
    np.testing.assert_array_equal(cut_ys[1], [*ys[1, :2], *ys[0, 2:]])


@pytest.mark.parametrize("name", sorted(BASELINES.entries()))
def test_a_baseline_given_as_an_object_is_neither_refused_nor_warned_of(tiny, name):
    serving = serving_baselines(tiny, list(tiny.tasks), [name])[name]
    for task, baseline in serving.items() if BASELINES.entries()[name].cheap else [*serving.items()][:1]:
        result = icl_bench.evaluate(baseline, "tiny", task, limit=32).tasks[task]
        assert result.fresh.prompts == result.prompts == 32


class GRU(nn.Module):
    """That of the README, untrained."""

    def __init__(self, d=3, k=1):
        super().__init__()
        torch.manual_seed(0)
        self.gru = nn.GRU(d + k, 16, num_layers=2, batch_first=True)
        self.read_out = nn.Linear(16, k)

    def forward(self, xs, ys):
        before = torch.cat([torch.zeros_like(ys[:, :1]), ys[:, :-1]], dim=1)
        return self.read_out(self.gru(torch.cat([xs, before], dim=2))[0])


def test_a_network_is_neither_refused_nor_warned_of(tiny):
    assert icl_bench.evaluate(GRU(), "tiny", LINEAR).tasks[LINEAR].fresh is not None


def test_rounding_that_depends_on_the_batch_is_no_peeking(tiny):
    def scaled(xs, ys):
        size = np.abs(ys).max() * np.float32(1.1)
        return LeastSquares().predict(xs, (ys / size).astype(np.float32)) * size

    assert icl_bench.evaluate(scaled, "tiny", LINEAR).tasks[LINEAR].fresh is not None


def test_fresh_prompts_are_recorded_so_that_they_can_be_drawn_again(tiny, tmp_path):
    model = Averaging()
    first = icl_bench.evaluate(model, "tiny", LINEAR, fresh_seed=SEED, fresh_prompts=40)
    fresh = first.tasks[LINEAR].fresh
    assert (fresh.seed, fresh.prompts, len(fresh.prompt_errors)) == (SEED, 40, 40)
    again = icl_bench.evaluate(model, "tiny", LINEAR, fresh_seed=SEED, fresh_prompts=40)
    other = icl_bench.evaluate(model, "tiny", LINEAR, fresh_seed="8" * 40, fresh_prompts=40)
    assert again.tasks[LINEAR].fresh == fresh != other.tasks[LINEAR].fresh
    assert without_timings(first) == without_timings(other)
    first.save(tmp_path / "r.json")
    assert load_record(tmp_path / "r.json") == first
    assert "optimality lower by " in first._repr_html_()


def test_without_fresh_prompts_a_record_has_no_word_of_them(tiny):
    record = icl_bench.evaluate(Averaging(), "tiny", LINEAR, fresh_prompts=0)
    assert "fresh" not in record.to_json()
    assert "fresh" not in icl_bench.evaluate("baseline/averaging", "tiny", LINEAR).to_json()


@pytest.mark.parametrize(
    ("model", "options", "code"),
    [
        (Averaging(), {"fresh_prompts": 5}, "no-such-limit"),
        (Averaging(), {"fresh_prompts": -1}, "no-such-limit"),
        (Averaging(), {"fresh_seed": "7" * 39}, "no-commit"),
        ("baseline/averaging", {"fresh_prompts": 96}, "no-fresh-prompts"),
        ("baseline/averaging", {"fresh_seed": SEED}, "no-fresh-prompts"),
    ],
)
def test_fresh_prompts_that_cannot_be_are_refused(tiny, model, options, code):
    with raises(InputError, code):
        icl_bench.evaluate(model, "tiny", LINEAR, **options)


def test_only_the_record_of_an_object_holds_fresh_prompts(tiny):
    record = icl_bench.evaluate(Averaging(), "tiny", LINEAR)
    value = record.model_dump(by_alias=True)
    value["model"]["kind"] = "hub"
    with pytest.raises(ValueError, match="fresh is of Python objects alone"):
        type(record).model_validate(value)
