"""`icl_bench.evaluate` as a researcher calls it."""

import subprocess
import sys

import numpy as np
import pytest
from raising import raises

import icl_bench
from icl_bench import environment, progress
from icl_bench.baselines.least_squares import LeastSquares
from icl_bench.baselines.zero import Zero
from icl_bench.entries import callable as callable_entry
from icl_bench.errors import CheckError, InputError, UnknownNameError
from icl_bench.function_classes.streams import raw_words, uniform_index
from icl_bench.predictor import batch_size
from icl_bench.scoring.scores import bootstrap_key, squared_errors
from icl_bench.specs.result import without_timings
from icl_bench.suites import load_prompts


def shrunk_least_squares(xs, ys):
    return np.float32(0.5) * LeastSquares().predict(xs, ys)


def test_a_function_is_scored_on_every_task_of_the_suite(tiny):
    record = icl_bench.evaluate(shrunk_least_squares, suite="tiny")
    assert list(record.tasks) == list(tiny.tasks)
    assert record.missing == {}
    assert record.suite.name == "tiny-v1"
    assert record.suite.hash == tiny.hash
    assert record.model.kind == "callable"
    assert record.model.id.endswith("test_run_evaluation.shrunk_least_squares")


def test_the_numbers_follow_from_the_prompts_and_the_formula(tiny):
    result = icl_bench.evaluate(shrunk_least_squares, "tiny").tasks["linear_regression"]
    prompts = load_prompts(tiny, "linear_regression")
    ys = prompts.ys[:, :, 0].astype(np.float64)
    best = LeastSquares().predict(prompts.xs, prompts.ys)[:, :, 0].astype(np.float64)
    model, base, zero = ((0.5 * best - ys) ** 2, (best - ys) ** 2, ys**2)
    curves = result.error_curves
    for curve, errors in ((curves.model, model), (curves.baseline, base), (curves.zero, zero)):
        np.testing.assert_allclose(curve, errors.mean(axis=0), rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(result.prompt_errors, model.sum(axis=1), rtol=1e-6)
    assert result.mean_error.value == pytest.approx(model.mean(), rel=1e-6)
    assert result.score.value == pytest.approx((model - zero).sum() / (base - zero).sum(), rel=1e-6)
    assert result.optimality == result.score  # the same predictor is the base of both
    assert result.score.low < result.score.value < result.score.high


def test_the_band_around_the_curve_resamples_prompts(tiny):
    result = icl_bench.evaluate(shrunk_least_squares, "tiny", ["linear_regression"]).tasks[
        "linear_regression"
    ]
    prompts = load_prompts(tiny, "linear_regression")
    errors = squared_errors(shrunk_least_squares(prompts.xs, prompts.ys), prompts.ys)
    words = raw_words(bootstrap_key("tiny-v1/linear_regression"), 0, tiny.spec.resamples, len(errors))
    means = errors[uniform_index(words, len(errors))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975], axis=0)
    np.testing.assert_allclose(result.error_curves.model_low, low, rtol=1e-6)
    np.testing.assert_allclose(result.error_curves.model_high, high, rtol=1e-6)


def test_retrieval_is_scored_on_its_last_point_alone(tiny):
    result = icl_bench.evaluate("baseline/lookup", "tiny", ["vector_mqar"]).tasks["vector_mqar"]
    assert result.scored == "last"
    assert result.score.value == 1.0
    assert result.mean_error.value == 0.0
    assert result.error_curves.model[0] == pytest.approx(1.0)  # earlier values cannot be foretold


def test_a_baseline_scores_1_against_itself_and_zero_scores_0(tiny):
    own = icl_bench.evaluate("baseline/least_squares", "tiny", ["linear_regression"])
    score = own.tasks["linear_regression"].score
    assert (score.value, score.low, score.high) == (1.0, 1.0, 1.0)
    zero = icl_bench.evaluate(Zero(), "tiny", ["linear_regression"]).tasks["linear_regression"].score
    assert (zero.value, zero.low, zero.high) == (0.0, 0.0, 0.0)


def test_a_base_that_is_missing_or_useless_leaves_the_errors_and_says_why(tiny):
    result = icl_bench.evaluate("baseline/knn", "tiny", ["decision_tree"]).tasks["decision_tree"]
    assert result.score.value is None
    assert result.score.reason == "baseline zero is no better than answering 0 here"
    assert result.optimality.reason == (
        "baseline two_layer_nn has no frozen errors for tiny-v1/decision_tree yet; "
        "run `icl-bench baselines compute tiny-v1`"
    )
    assert result.error_curves.exact is None
    assert len(result.error_curves.model) == result.points
    assert result.mean_error.low < result.mean_error.value < result.mean_error.high


def test_tasks_without_an_answer_are_marked_missing(tiny):
    record = icl_bench.evaluate("baseline/parity_bayes", "tiny")
    assert list(record.tasks) == ["sparse_parity"]
    assert list(record.missing) == ["linear_regression", "vector_mqar", "decision_tree"]
    assert "sparse parity only" in record.missing["linear_regression"]
    with raises(InputError, "no-answer", naming=("baseline/parity_bayes", "sparse parity")):
        icl_bench.evaluate("baseline/parity_bayes", "tiny", ["linear_regression"])


def test_a_predictor_of_its_own_for_each_task(tiny):
    record = icl_bench.evaluate(
        {"linear_regression": LeastSquares(), "decision_tree": Zero().predict}, "tiny"
    )
    assert list(record.tasks) == ["linear_regression", "decision_tree"]
    assert record.missing["vector_mqar"] == "no predictor was given for vector_mqar"


def test_a_mapping_names_tasks_of_the_suite(tiny):
    with raises(UnknownNameError, "unknown-task", naming=("tiny-v1", "did you mean 'linear_regression'")):
        icl_bench.evaluate({"linear_regresion": Zero(), "decision_tree": Zero()}, "tiny")


def test_one_task_may_be_given_as_a_string(tiny):
    assert list(icl_bench.evaluate(Zero(), "tiny", "decision_tree").tasks) == ["decision_tree"]


def test_a_path_is_the_name_of_a_folder(tiny, tmp_path):
    with raises(InputError, "no-checkpoint", naming=tmp_path):
        icl_bench.evaluate(tmp_path, "tiny")


@pytest.mark.parametrize("model", [Zero, {"decision_tree": Zero}])
def test_a_class_in_place_of_an_object_is_reported(tiny, model):
    with raises(InputError, "class-for-object", naming="Zero(...)"):
        icl_bench.evaluate(model, "tiny")


def test_a_batch_size_may_be_a_plain_number(tiny):
    predictor = Zero()
    object.__setattr__(predictor, "batch_size", 7)
    record = icl_bench.evaluate(predictor, "tiny", "decision_tree")
    assert record.tasks["decision_tree"].batch_size == 7
    object.__setattr__(predictor, "batch_size", "auto")
    with raises(InputError, "batch-size", naming="'auto'"):
        icl_bench.evaluate(predictor, "tiny")


def test_the_device_is_that_of_what_answers(tiny, monkeypatch):
    """A model is wrapped, and its wrapper knows where it computes, as the model itself does not."""
    on_gpu = Zero()
    object.__setattr__(on_gpu, "device", "cuda:0")
    monkeypatch.setattr(callable_entry, "as_predictor", lambda model, device: on_gpu)
    monkeypatch.setattr(environment, "processor", lambda device: f"what {device} is")
    record = icl_bench.evaluate(Zero(), "tiny", "decision_tree")
    assert record.environment.device == "cuda:0"
    assert record.environment.processor == "what cuda:0 is"


def test_the_frame_has_one_row_a_task(tiny):
    frame = icl_bench.evaluate("baseline/parity_bayes", "tiny").to_frame().set_index("task")
    assert list(frame.index) == ["sparse_parity", "linear_regression", "vector_mqar", "decision_tree"]
    assert frame.loc["sparse_parity", "score"] == 1.0
    assert np.isnan(frame.loc["linear_regression", "score"])
    assert (frame["suite"] == "tiny-v1").all()
    complete = icl_bench.evaluate("baseline/zero", "tiny").to_frame()
    np.testing.assert_allclose(complete["zero_error"], complete["mean_error"])
    assert complete["missing"].isna().all()


def test_names_that_do_not_exist_are_reported_with_the_nearest(tiny):
    with raises(UnknownNameError, "unknown-task", naming=("tiny-v1", "did you mean 'linear_regression'")):
        icl_bench.evaluate(Zero(), "tiny", ["linear_regresion"])
    with raises(UnknownNameError, "unknown-suite", naming="did you mean 'tiny'"):
        icl_bench.evaluate(Zero(), "tinny")
    with raises(UnknownNameError, "unknown-baseline", naming="did you mean 'least_squares'"):
        icl_bench.evaluate("baseline/leastsquares", "tiny")


@pytest.mark.parametrize("nothing", [3, None, object()])
def test_what_is_no_predictor_is_refused(tiny, nothing):
    with raises(InputError, "no-predictor"):
        icl_bench.evaluate(nothing, "tiny")


class Counting(Zero):
    """Remembers how many prompts it was asked about at once."""

    def batch_size(self, points: int) -> int:
        return 40

    def predict(self, xs, ys):
        sizes.append(len(xs))
        return super().predict(xs, ys)


sizes: list[int] = []


def test_a_predictor_may_suggest_its_batch_and_the_result_does_not_depend_on_it(tiny):
    sizes.clear()
    small = icl_bench.evaluate(Counting(), "tiny", ["linear_regression"]).tasks["linear_regression"]
    assert small.batch_size == 40
    assert sizes[-3:] == [40, 40, 16]
    assert max(sizes) <= 40
    whole = icl_bench.evaluate(Zero(), "tiny", ["linear_regression"]).tasks["linear_regression"]
    assert small.prompt_errors == whole.prompt_errors


def test_the_default_batch_depends_on_the_length_of_the_prompt_alone():
    assert batch_size(Zero(), 41) == 512
    assert batch_size(Zero(), 140) == 234
    assert batch_size(Zero(), 4096) == 8


@pytest.mark.parametrize("size", [0, 2.5, "many", True, np.True_, np.array([3, 4])])
@pytest.mark.parametrize("called", [True, False])
def test_a_batch_size_that_is_none_is_refused_before_anything_is_asked(tiny, size, called):
    """Of the last task too, whose prompts are the longest here."""
    predictor = Counting()
    suggest = lambda points: 40 if points < 11 else size  # noqa: E731
    object.__setattr__(predictor, "batch_size", suggest if called else size)
    sizes.clear()
    with raises(InputError, "batch-size"):
        icl_bench.evaluate(predictor, "tiny")
    assert sizes == []


@pytest.mark.parametrize("size", [np.int64(7), np.uint8(7)])
def test_a_batch_size_of_numpy_is_recorded_as_a_number(tiny, size):
    predictor = Zero()
    object.__setattr__(predictor, "batch_size", size)
    record = icl_bench.evaluate(predictor, "tiny", "decision_tree")
    assert type(record.tasks["decision_tree"].batch_size) is int
    assert record.tasks["decision_tree"].batch_size == 7


def test_a_device_that_cannot_be_recorded_is_refused_before_anything_is_asked(tiny):
    predictor = Counting()
    object.__setattr__(predictor, "device", "cuda\n0")
    sizes.clear()
    with raises(InputError, "unprintable", naming="U+000A"):
        icl_bench.evaluate(predictor, "tiny")
    assert sizes == []


def test_progress_goes_to_stderr_and_only_when_asked_for(tiny, capsys):
    icl_bench.evaluate(Zero(), "tiny", ["linear_regression"])
    assert capsys.readouterr() == ("", "")
    icl_bench.evaluate(Zero(), "tiny", ["linear_regression"], progress=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == ["linear_regression: 96/96", "linear_regression, fresh: 96/96"]


def test_checks_that_take_long_are_seen_to_go_on(tiny, capsys, monkeypatch):
    monkeypatch.setattr(progress, "_LINE_EVERY", 0.0)  # as if each call took that long
    icl_bench.evaluate(Zero(), "tiny", ["linear_regression"], progress=True)
    points = load_prompts(tiny, "linear_regression").task.points
    asked = 2 * 16 + 4 * (points + 1)
    checks = [line for line in capsys.readouterr().err.splitlines() if ": checks: " in line]
    assert [line.partition(",")[0] for line in checks[:2]] == [
        f"linear_regression: checks: {done}/{asked}" for done in (16, 32)
    ]
    assert checks[-1] == f"linear_regression: checks: {asked}/{asked}"


def test_repeating_an_evaluation_repeats_every_byte_but_the_timings(tiny):
    first, second = (icl_bench.evaluate(shrunk_least_squares, "tiny") for _ in range(2))
    assert without_timings(first) == without_timings(second)
    assert "seconds" not in without_timings(first)


def test_a_failed_check_leaves_no_record(tiny):
    with pytest.raises(CheckError):
        icl_bench.evaluate(lambda xs, ys: ys, "tiny")


def test_importing_the_package_imports_no_numerical_library():
    code = "import sys, icl_bench; dir(icl_bench); print({'torch', 'numpy', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_package_has_no_other_names_than_it_shows():
    assert {"evaluate", "load_record", "__version__"} <= set(dir(icl_bench))
    with pytest.raises(AttributeError, match="no attribute 'evaluat'"):
        _ = icl_bench.evaluat
