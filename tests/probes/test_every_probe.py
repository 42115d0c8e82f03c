"""Probes on predictors whose answer is known, and what holds for every probe."""

import sys

import numpy as np
import pytest
from models.small import saved, small_model
from raising import raises

import icl_bench
from icl_bench.baselines.base import get_baseline
from icl_bench.charts import Chart
from icl_bench.entries.open import open_source
from icl_bench.errors import InputError, SpecError, UnknownNameError
from icl_bench.probes.base import PROBES, Subject, probes
from icl_bench.probes.run import chosen_probes, load_probe_record, measure, recorded_findings
from icl_bench.probes.sample_efficiency import SampleEfficiency
from icl_bench.records.store import board_records
from icl_bench.suites import load_suite

LINEAR = "linear_regression"


def subject(predictor: str, task: str = LINEAR) -> Subject:
    suite = load_suite("mini")
    return Subject(suite, suite.tasks[task], get_baseline(predictor, suite.tasks[task]))


@pytest.mark.parametrize("name", sorted(PROBES.entries()))
def test_every_probe_gives_a_finding_that_is_read_back_and_drawn(name, tmp_path, monkeypatch):
    suite, probe = load_suite("mini"), probes()[name]
    monkeypatch.setattr(sys.modules[type(probe).__module__], "PROMPTS", 8, raising=False)  # quick
    model = "reference/mamba" if probe.looks_inside else "baseline/averaging"
    record = measure(open_source(model, suite), suite, [LINEAR, "sparse_parity"], [probe])
    path = tmp_path / "r.probes.json"
    record.save(path)
    assert load_probe_record(path) == record
    assert set(record.findings[name]) <= {LINEAR, "sparse_parity"}
    assert probe.heading
    assert probe.definition.endswith(".")
    for finding in record.findings[name].values():
        chart = probe.panel("title", finding)
        assert isinstance(chart, Chart) == bool(finding.curves)


def test_the_exact_predictor_needs_no_example_more_than_itself():
    finding = SampleEfficiency().measure(subject("least_squares"))
    assert (finding.estimate.value, finding.estimate.low, finding.estimate.high) == (0, 0, 0)
    assert np.abs(finding.curves["excess"]).max() == 0


def test_answering_0_never_comes_near():
    finding = SampleEfficiency().measure(subject("zero"))
    assert finding.estimate.value is None
    assert finding.estimate.reason == "not within 10 examples"
    assert finding.curves["excess"][0] == pytest.approx(0, abs=1e-6)  # without examples nobody is better


def test_the_length_is_the_first_from_which_the_excess_stays_small():
    finding = SampleEfficiency().measure(subject("ridge"))
    excess = np.array(finding.curves["excess"])
    needed = int(finding.estimate.value)
    assert (excess[needed:] <= 0.1).all()
    assert needed == 0 or excess[needed - 1] > 0.1


def test_it_serves_tasks_whose_every_length_is_scored():
    suite = load_suite("mini")
    with raises(InputError, "nothing-to-probe", naming=("mini-v1", "vector_mqar")):
        measure(open_source("baseline/lookup", suite), suite, ["vector_mqar"], [SampleEfficiency()])


def test_a_probe_that_looks_inside_needs_a_network():
    suite = load_suite("mini")
    with raises(InputError, "nothing-to-probe", naming=("baseline/ridge", "depth_readout")):
        measure(open_source("baseline/ridge", suite), suite, [LINEAR], [probes()["depth_readout"]])


def test_a_shift_of_a_task_without_a_checkpoint_says_so(tmp_path):
    saved(tmp_path / "model" / "linear_regression", small_model(d=5, task="mini-v1/linear_regression"))
    shifts = load_suite("mini-shifts")
    with raises(InputError, "nothing-to-probe", naming=("tree_biased", "no checkpoint")):
        measure(
            open_source(str(tmp_path / "model"), shifts), shifts, ["tree_biased"], list(probes().values())
        )


def test_an_unknown_probe_gets_the_nearest():
    with raises(UnknownNameError, "unknown-probe", naming="'sample_efficiency'"):
        chosen_probes(["sample_eficiency"])


def test_findings_stand_beside_the_results_of_the_same_weights(tmp_path):
    suite = load_suite("mini")
    results = board_records("reference/gpt2", suite)
    record = measure(open_source("reference/gpt2", suite), suite, [LINEAR], [SampleEfficiency()])
    path = tmp_path / "reference/gpt2/results/mini-v1-seed-0.probes.json"
    record.save(path)
    findings = recorded_findings("reference/gpt2", results, suite, tmp_path)
    assert findings == {"sample_efficiency": {LINEAR: [record.findings["sample_efficiency"][LINEAR]]}}
    for weights in ({LINEAR: "0" * 64}, {}):
        record.model_copy(update={"weights": weights}).save(path)
        with raises(SpecError, "other-probed-weights", naming=path):
            recorded_findings("reference/gpt2", results, suite, tmp_path)
    shifts = record.suite.model_copy(update={"name": "mini-shifts-v1"})
    record.model_copy(update={"suite": shifts}).save(path)
    with raises(SpecError, "other-probed-suite", naming=(path, "mini-shifts-v1")):
        recorded_findings("reference/gpt2", results, suite, tmp_path)


@pytest.mark.parametrize("name", ["zero", "prior_mean", "lookup"])
def test_a_predictor_that_hardly_answers_is_probed_without_a_traceback(name, monkeypatch):
    for probe in probes().values():
        monkeypatch.setattr(sys.modules[type(probe).__module__], "PROMPTS", 8, raising=False)
    record = icl_bench.probe(f"baseline/{name}", tasks=LINEAR)
    fit = record.findings["implied_weights"][LINEAR].estimate
    assert (fit.value is None) == (name != "lookup" or fit.reason is not None)


def test_what_a_probe_cannot_measure_is_said_of_that_probe():
    with raises(InputError, "nothing-to-probe", naming=("gd_similarity", "network")):
        icl_bench.probe(
            "baseline/ridge",
            tasks=["decision_tree", LINEAR],
            probes=["sample_efficiency", "implied_weights", "gd_similarity"],
        )


def test_the_interval_of_examples_needed_holds_its_value():
    for name in ("ridge", "averaging", "lasso"):
        finding = SampleEfficiency().measure(subject(name))
        for estimate in (finding.estimate, *finding.values.values()):
            assert estimate.value is None or estimate.low <= estimate.value <= estimate.high
    suite = load_suite("mini-shifts")
    noisy = suite.task("linear_noise")
    exact = SampleEfficiency().measure(Subject(suite, noisy, get_baseline("ridge", noisy)))
    close = exact.values["within 1%"]
    assert (close.value, close.low, close.high) == (0, 0, 0)


def test_any_object_that_predicts_is_probed():
    """Those probes that ask for predictions alone; it has no network to look into."""

    def previous_target(xs, ys):
        answers = np.zeros_like(ys)
        answers[:, 1:] = ys[:, :-1]
        return answers

    record = icl_bench.probe(previous_target, tasks=LINEAR, name="previous")
    assert record.model.kind == "callable"
    assert set(record.findings) == {name for name, probe in probes().items() if not probe.looks_inside}
    assert record.findings["order"][LINEAR].estimate.value > 0.1
    with raises(InputError, "nothing-to-probe", naming="gd_similarity"):
        icl_bench.probe(previous_target, tasks=LINEAR, probes=["gd_similarity"])
