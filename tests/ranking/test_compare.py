"""Two models are compared on the same prompts: what both find hard cancels, and chance is allowed for."""

import json

import numpy as np
import pytest
from raising import raises
from scipy.stats import norm
from typer.testing import CliRunner

import icl_bench
from icl_bench.baselines.knn import KNearestNeighbours
from icl_bench.cli import app
from icl_bench.errors import InputError, SpecError, UnknownNameError
from icl_bench.frozen.anchors import Anchors
from icl_bench.frozen.errors import BaselineErrors
from icl_bench.frozen.freeze import freeze, missing_baselines
from icl_bench.function_classes.streams import raw_words, uniform_index
from icl_bench.models import device as device_module
from icl_bench.ranking import contenders as contenders_module
from icl_bench.ranking import resampled
from icl_bench.ranking.contenders import contenders
from icl_bench.ranking.differences import MEAN, compare_contenders
from icl_bench.ranking.resampled import Contender
from icl_bench.ranking.spread import holm
from icl_bench.scoring.scores import bootstrap_key
from icl_bench.suites import load_prompts

TASKS = ["linear_regression", "sparse_parity"]


def errors_of(name: str, suite: str = "tiny") -> dict[str, np.ndarray]:
    record = icl_bench.evaluate(f"baseline/{name}", suite, TASKS)
    return {task: np.array(result.prompt_errors) for task, result in record.tasks.items()}


def contender(name: str, errors: dict[str, np.ndarray]) -> Contender:
    return Contender(name, {task: {0: prompt_errors} for task, prompt_errors in errors.items()})


def test_a_difference_is_that_of_the_two_gains_with_the_deviation_of_gathered_resamples(tiny):
    a, b, base, zero = (errors_of(name) for name in ("ridge", "knn", "least_squares", "zero"))
    task = "linear_regression"
    (difference, *_) = compare_contenders(tiny, contender("a", a), contender("b", b))
    results = [icl_bench.evaluate(f"baseline/{n}", "tiny", [task]).tasks[task] for n in ("ridge", "knn")]
    gains = [result.estimates["gain"].value for result in results]
    assert [difference.a, difference.b] == gains
    assert difference.difference.value == pytest.approx(gains[0] - gains[1])

    prompts, resamples = len(zero[task]), tiny.spec.resamples
    drawn = uniform_index(raw_words(bootstrap_key(f"tiny-v1/{task}"), 0, resamples, prompts), prompts)
    gained = (b[task] - a[task])[drawn].sum(axis=1) / (zero[task] - base[task])[drawn].sum(axis=1)
    reach = norm.isf(0.025) * gained.std()
    value = difference.difference.value
    assert [difference.difference.low, difference.difference.high] == pytest.approx(
        [value - reach, value + reach]
    )
    assert difference.p == pytest.approx(2 * norm.sf(abs(value) / gained.std()))


def test_the_mean_weighs_tasks_alike(tiny):
    a, b = (contender(name, errors_of(name)) for name in ("ridge", "knn"))
    *tasks, mean = compare_contenders(tiny, a, b, TASKS)
    assert [difference.task for difference in tasks] == TASKS
    assert mean.task == MEAN
    assert mean.a == pytest.approx(np.mean([difference.a for difference in tasks]))
    width = mean.difference.high - mean.difference.low
    widths = [difference.difference.high - difference.difference.low for difference in tasks]
    assert width == pytest.approx(np.hypot(*widths) / 2, rel=0.1)  # independent strata


def test_a_model_is_not_separated_from_itself(tiny):
    knn = contender("one", errors_of("knn"))
    for difference in compare_contenders(tiny, knn, knn):
        assert (difference.p, difference.better) == (1.0, None)
        assert (difference.difference.value, difference.difference.low, difference.difference.high) == (
            0,
            0,
            0,
        )


def test_swapping_the_two_swaps_the_verdict(tiny):
    a, b = (
        contender(name, {"linear_regression": errors_of(name)["linear_regression"]})
        for name in ("ridge", "zero")
    )
    (forth,), (back,) = compare_contenders(tiny, a, b), compare_contenders(tiny, b, a)
    assert (forth.better, back.better) == ("A", "B")
    assert forth.difference.low == pytest.approx(-back.difference.high)
    assert forth.p == back.p


@pytest.mark.slow
def test_equal_models_with_noise_differ_significantly_about_one_time_in_twenty(tiny):
    rng = np.random.default_rng(0)
    zero = errors_of("zero")["linear_regression"]
    significant = []
    for _ in range(200):
        a, b = (contender("x", {"linear_regression": zero * rng.uniform(0.2, 0.8, len(zero))}) for _ in "ab")
        significant.append(compare_contenders(tiny, a, b)[0].better is not None)
    assert 0.01 <= np.mean(significant) <= 0.11  # 0.05 within four standard errors


def test_holm_multiplies_the_smallest_most_and_never_falls():
    assert holm(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.06, 0.06])  # as statsmodels
    assert holm(np.array([0.5, 0.9])).tolist() == [1.0, 1.0]
    assert holm(np.array([])).tolist() == []


def test_holm_corrects_each_column_for_the_tests_that_it_has():
    p_values = np.array([[0.01, 0.2], [0.04, np.nan], [0.03, 0.01]])
    np.testing.assert_allclose(holm(p_values), [[0.03, 0.2], [0.06, np.nan], [0.06, 0.02]])


def test_a_task_without_a_score_is_reported_and_does_not_count(tiny):
    a, b = (contender(name, errors_of_all(name)) for name in ("ridge", "knn"))
    by_task = {difference.task: difference for difference in compare_contenders(tiny, a, b)}
    assert "two_layer_nn has no frozen errors" in by_task["decision_tree"].difference.reason
    assert by_task["decision_tree"].p is None
    others = [difference for task, difference in by_task.items() if task != "decision_tree"]
    assert [difference.p_corrected for difference in others] == holm(
        np.array([difference.p for difference in others])
    ).tolist()


def test_no_mean_is_given_over_fewer_tasks_than_were_asked_for(tiny):
    whole = contender("whole", errors_of("ridge"))
    part = contender("part", {TASKS[0]: errors_of("knn")[TASKS[0]]})
    assert [difference.task for difference in compare_contenders(tiny, whole, part, TASKS)] == TASKS[:1]
    unscored = ["linear_regression", "decision_tree"]
    both = (contender(name, errors_of_all(name)) for name in ("ridge", "knn"))
    assert [difference.task for difference in compare_contenders(tiny, *both, unscored)] == unscored


def errors_of_all(name: str) -> dict[str, np.ndarray]:
    record = icl_bench.evaluate(f"baseline/{name}", "tiny")
    return {task: np.array(result.prompt_errors) for task, result in record.tasks.items()}


def test_nothing_in_common_is_an_error(tiny):
    errors = errors_of("knn")
    a, b = (contender(task, {task: errors[task]}) for task in TASKS)
    with raises(InputError, "no-common-task", naming="tiny-v1"):
        compare_contenders(tiny, a, b)


def test_a_contender_is_a_record_or_a_model_or_frozen_errors(own, tmp_path, monkeypatch):
    record = icl_bench.evaluate("baseline/knn", "tiny", TASKS)
    record.save(tmp_path / "knn.json")
    from_file, evaluated = contenders([str(tmp_path / "knn.json"), "baseline/knn"], own, TASKS)
    freeze(own, missing_baselines(own, TASKS, ["knn"], 50))
    monkeypatch.setattr(KNearestNeighbours, "answers", None)  # nothing is computed again
    (frozen,) = contenders(["baseline/knn"], own, TASKS)
    for task in TASKS:
        np.testing.assert_array_equal(from_file.runs[task][0], evaluated.runs[task][0])
        np.testing.assert_array_equal(frozen.runs[task][0], evaluated.runs[task][0][:50])
        assert len(load_prompts(own, task).xs) == len(from_file.runs[task][0])


def test_a_record_of_another_suite_is_refused(own, tmp_path):
    icl_bench.evaluate("baseline/zero", "tiny", TASKS[:1]).save(tmp_path / "zero.json")
    text = (tmp_path / "zero.json").read_text().replace('"tiny-v1"', '"mini-v1"')
    (tmp_path / "zero.json").write_text(text)
    with raises(InputError, "other-suite", naming=("zero.json", "mini-v1", "tiny-v1")):
        contenders([str(tmp_path / "zero.json")], own, TASKS)


def test_a_difference_on_fewer_prompts_knows_of_how_many(own):
    freeze(own, missing_baselines(own, TASKS, ["knn"], 50))
    models = contenders(["baseline/knn", "baseline/ridge"], own, TASKS)
    prompts = [(each.prompts, each.suite_prompts) for each in compare_contenders(own, *models, TASKS)]
    assert prompts == [(50, 96), (50, 96), (100, 192)]
    arguments = ["compare", "baseline/knn", "baseline/ridge", "--suite", "tiny"]
    lines = CliRunner().invoke(app, [*arguments, "--task", TASKS[0]]).stdout.splitlines()
    assert lines[-2].startswith(f"{TASKS[0]}  first 50 of 96  ")
    document = json.loads(CliRunner().invoke(app, [*arguments, "--task", TASKS[0], "--json"]).stdout)
    assert (document["differences"][0]["prompts"], document["differences"][0]["of"]) == (50, 96)


def test_the_p_value_of_the_mean_is_not_corrected(tiny):
    a, b = (contender(name, errors_of(name)) for name in ("ridge", "zero"))
    *tasks, mean = compare_contenders(tiny, a, b, TASKS)
    assert [difference.p_corrected for difference in tasks] == holm(
        np.array([difference.p for difference in tasks])
    ).tolist()
    assert tasks[0].p_corrected == 2 * tasks[0].p
    assert mean.p is not None
    assert mean.p_corrected is None


def test_scores_without_an_interval_are_shown_and_do_not_count(tiny, monkeypatch):
    rng = np.random.default_rng(0)
    zero = rng.normal(10, 1, size=12)
    base = BaselineErrors(np.zeros(9), zero - rng.normal(0.4, 1.0, size=12))
    answering_zero = BaselineErrors(np.zeros(9), zero)
    references = Anchors(answering_zero, base, base, answering_zero)
    monkeypatch.setattr(resampled, "suite_anchors", lambda *_: references)
    a, b = (contender("x", {TASKS[0]: errors}) for errors in (zero - 0.1, zero))
    (difference,) = compare_contenders(tiny, a, b)
    assert (difference.difference.value, difference.b) == (difference.a, 0)
    assert difference.a > 0
    assert (difference.difference.low, difference.p, difference.p_corrected, difference.better) == (
        None,
        None,
        None,
        None,
    )
    assert difference.difference.reason == (
        "too few prompts: baseline least_squares is no better than answering 0 in some resamples"
    )


@pytest.mark.parametrize(
    ("second", "error", "code", "name"),
    [
        ("nosuch.json", SpecError, "no-file", "nosuch.json"),
        ("baseline/rigde", UnknownNameError, "unknown-baseline", "did you mean 'ridge'"),
        ("baseline/tree_bayes", InputError, "serves-none", ("tree_bayes", "linear_regression")),
        ("no/such/folder", InputError, "no-folder", "no/such/folder"),
    ],
)
def test_both_sides_are_opened_before_either_is_evaluated(own, monkeypatch, second, error, code, name):
    monkeypatch.setattr(contenders_module, "evaluate_source", pytest.fail)
    with raises(error, code, naming=name):
        contenders(["baseline/knn", second], own, TASKS)


def test_the_device_is_for_checkpoints_and_is_looked_at_once(own, monkeypatch):
    looked, devices = [], []

    class Opened:
        identity = None

    def opened(name, suite, revision=None, device=None, tasks=None):
        devices.append((name, device))
        return Opened()

    monkeypatch.setattr(device_module, "usable_device", looked.append)
    monkeypatch.setattr(contenders_module, "open_source", opened)
    monkeypatch.setattr(contenders_module, "_evaluate", lambda *_: Contender("x", {}))
    contenders(["baseline/knn", "reference/llama", "reference/gpt2"], own, TASKS, "cuda")
    assert devices == [("baseline/knn", None), ("reference/llama", "cuda"), ("reference/gpt2", "cuda")]
    assert looked == ["cuda"]


def test_options_that_are_not_a_baselines_are_reported(own, monkeypatch):
    freeze(own, missing_baselines(own, TASKS[:1], ["knn"]))
    as_it_is = KNearestNeighbours.for_task

    def for_task(task):
        if task.name == TASKS[1]:
            raise SpecError("sparse_parity: baseline_options: knn: unknown key", code="not-this-task")
        return as_it_is(task)

    monkeypatch.setattr(KNearestNeighbours, "for_task", for_task)
    with raises(SpecError, "not-this-task"):
        contenders(["baseline/knn"], own, TASKS)


def test_records_and_names_are_compared_from_python_as_on_the_command_line(tiny, tmp_path):
    record = icl_bench.evaluate("baseline/ridge", "tiny", TASKS)
    record.save(tmp_path / "ridge.json")
    names = [record, tmp_path / "ridge.json", str(tmp_path / "ridge.json")]
    comparisons = [icl_bench.compare(model, "baseline/zero", "tiny", TASKS) for model in names]
    assert comparisons[0] == comparisons[1] == comparisons[2]
    comparison = comparisons[0]
    assert [difference.task for difference in comparison.differences] == [*TASKS, MEAN]
    assert (comparison.suite, comparison.b, comparison.trained_once) == ("tiny-v1", "baseline/zero", [])
    frame = comparison.to_frame()
    better = [difference.better or "" for difference in comparison.differences]
    assert list(frame["better"].fillna("")) == better
    assert list(frame["b"].unique()) == ["baseline/zero"]
    of_mini = record.model_copy(update={"suite": record.suite.model_copy(update={"name": "mini-v1"})})
    with raises(InputError, "other-suite", naming=("baseline/ridge", "mini-v1", "tiny-v1")):
        icl_bench.compare(of_mini, "baseline/zero", "tiny")


def test_the_command_prints_the_comparison_as_data(tiny):
    arguments = ["compare", "baseline/knn", "baseline/ridge", "--suite", "tiny", "--json"]
    printed = json.loads(CliRunner().invoke(app, arguments).stdout)
    assert printed == icl_bench.compare("baseline/knn", "baseline/ridge", "tiny").to_dict()
