"""Numbers chosen on development streams: what the tasks record is what the stream says."""

import pytest
from raising import raises

from icl_bench.baselines.base import BASELINES, get_baseline
from icl_bench.errors import SpecError, UnknownNameError
from icl_bench.frozen import choose as choose_module
from icl_bench.frozen.choose import choose
from icl_bench.suites import load_suite

SUITES = ("mini", "paper", "mini-shifts", "paper-shifts")
TASKS = [(suite, task) for suite in map(load_suite, SUITES) for task in suite.tasks.values()]


@pytest.mark.parametrize(("suite", "task"), TASKS, ids=lambda part: part.name)
def test_every_recorded_number_is_a_candidate_and_every_choice_is_recorded(suite, task):
    for name, entry in BASELINES.entries().items():
        assert list(task.baseline_options.get(name, {})) == list(entry.candidates)
        for field, candidates in entry.candidates.items():
            assert task.baseline_options[name][field] in candidates


@pytest.mark.slow
@pytest.mark.parametrize(
    ("suite", "name"),
    [
        ("mini", "sparse_linear_regression"),
        ("mini", "vector_mqar"),
        ("mini-shifts", "linear_noise"),
        ("mini-shifts", "linear_repeated"),
        ("mini-shifts", "sparse_denser"),
    ],
)
def test_the_recorded_number_is_the_best_of_the_development_stream(suite, name):
    frozen = load_suite(suite)
    for choice in choose(frozen.task(name), frozen.name, prompts=2048):
        assert choice.recorded == choice.best


def test_the_choice_changes_with_the_task_and_not_with_the_scored_prompts(monkeypatch):
    # the pitfall: a grid tuned on the prompts that are scored
    streams = []

    def watched(task, suite, stream, start, prompts):
        streams.append(stream)
        return generate(task, suite, stream, start, prompts)

    from icl_bench.suites import generate

    monkeypatch.setattr(choose_module, "generate", watched)
    mini = load_suite("mini")
    best = {
        choice.best
        for name in ("linear_regression", "two_layer_mlp")
        for choice in choose(mini.task(name), mini.name, prompts=64)
        if choice.baseline == "lasso"
    }
    assert len(best) == 2
    assert set(streams) == {"dev"}


def test_the_baseline_of_a_task_has_its_recorded_number():
    task = load_suite("mini").task("sparse_linear_regression")
    changed = task.model_copy(update={"baseline_options": {"lasso": {"alpha": 0.1}}})
    assert get_baseline("lasso", changed).alpha == 0.1


@pytest.mark.parametrize(
    ("options", "error", "code", "names"),
    [
        ({"laso": {"alpha": 0.1}}, UnknownNameError, "unknown-baseline", ("'laso'", "baseline_options")),
        ({"lasso": {"alhpa": 0.1}}, SpecError, "unknown-key", "did you mean 'alpha'"),
        ({"lasso": {"alpha": -1.0}}, SpecError, "spec", ("baseline_options", "lasso", "alpha")),
    ],
)
def test_options_that_are_none_are_reported(options, error, code, names):
    task = load_suite("mini").task("sparse_linear_regression")
    with raises(error, code, naming=names):
        get_baseline("lasso", task.model_copy(update={"baseline_options": options}))
