"""Probes that look inside a network, on networks about which something is known."""

import numpy as np
import pytest

from icl_bench.entries.open import open_source
from icl_bench.models.predictor import ModelPredictor
from icl_bench.probes import depth_readout, gd_similarity
from icl_bench.probes.base import Subject
from icl_bench.probes.depth_readout import DepthReadout
from icl_bench.probes.gd_similarity import GDSimilarity
from icl_bench.probes.inside.gradient_steps import untrained
from icl_bench.scoring.scores import scored_sums
from icl_bench.suites import find_task

LINEAR = "mini/linear_regression"


def reference(name: str, task: str = LINEAR) -> Subject:
    suite, spec = find_task(task)
    return Subject(suite, spec, open_source(f"reference/{name}", suite).task_predictor(spec).predictor)


@pytest.mark.parametrize("name", ["gpt2", "mamba", "llama-ropeless"])
@pytest.mark.parametrize("task", [LINEAR, "mini/vector_mqar"])
def test_after_the_last_layer_the_error_is_that_of_the_score(name, task):
    subject = reference(name, task)
    finding = DepthReadout().measure(subject)
    chosen, scored = slice(depth_readout.PROMPTS), subject.task.scored_points
    zero = np.square(subject.prompts.ys[chosen].astype(np.float64)).mean(axis=2)
    error = scored_sums(subject.errors[chosen], scored).sum() / scored_sums(zero, scored).sum()
    assert finding.values["after the last layer"].value == pytest.approx(error, rel=1e-5)
    assert finding.curves["as it is"][-1] == pytest.approx(error, rel=1e-5)
    assert len(finding.x) == len(subject.network.layers) + 1


def test_a_read_out_that_is_fitted_to_a_layer_is_no_worse_than_answering_0():
    fitted = DepthReadout().measure(reference("gpt2")).curves["fitted"]
    assert max(fitted) < 1.05
    assert fitted[-1] < 0.5


def test_an_untrained_network_has_no_excess_over_itself(monkeypatch):
    monkeypatch.setattr(gd_similarity, "PROMPTS", 4)
    subject = reference("gpt2")
    control = Subject(subject.suite, subject.task, ModelPredictor(untrained(subject.network)))
    finding = GDSimilarity().measure(control)
    for name in ("excess", "excess, causal"):
        assert (finding.values[name].low, finding.values[name].value) == (0, 0)
    assert finding.values["trained"] == finding.values["untrained"]


def test_a_network_is_left_as_it_was(monkeypatch):
    monkeypatch.setattr(gd_similarity, "PROMPTS", 2)
    subject = reference("llama")
    before = {name: weight.clone() for name, weight in subject.network.state_dict().items()}
    finding = GDSimilarity().measure(subject)
    assert all((weight == before[name]).all() for name, weight in subject.network.state_dict().items())
    assert all(abs(cosine) <= 1 + 1e-6 for curve in finding.curves.values() for cosine in curve)
    assert finding.x == [1, 2, 3, 4]
