"""Probes that look inside a network, on networks about which something is known."""

import numpy as np
import pytest
import torch
from models.small import small_model, small_spec

from icl_bench.entries.open import open_source
from icl_bench.models.model import ICLModel
from icl_bench.models.predictor import ModelPredictor
from icl_bench.probes import depth_readout, gd_similarity
from icl_bench.probes.base import Subject
from icl_bench.probes.depth_readout import DepthReadout
from icl_bench.probes.gd_similarity import GDSimilarity
from icl_bench.probes.inside.gradient_steps import similarities, untrained
from icl_bench.probes.inside.states import query_states
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
    assert set(finding.curves) == {"as it is", "fitted"}
    assert set(finding.values) == {"after the last layer"}


def test_a_read_out_that_is_fitted_to_a_layer_is_no_worse_than_answering_0():
    fitted = DepthReadout().measure(reference("gpt2")).curves["fitted"]
    assert max(fitted) < 1.05
    assert fitted[-1] < 0.5


def looped(*groups: dict) -> Subject:
    sublayers = small_spec()["layers"][0]["sublayers"]
    suite, spec = find_task(LINEAR)
    sizes = spec.function_class
    model = small_model(d=sizes.d, k=sizes.k, layers=[{"sublayers": sublayers, **group} for group in groups])
    return Subject(suite, spec, ModelPredictor(model))


def with_loops(subject: Subject, loops: int) -> Subject:
    network = subject.network
    spec = network.architecture.with_loops(loops).to_dict()
    model = ICLModel(spec, network.d, network.k, network.task)
    model.load_state_dict(network.state_dict())
    return Subject(subject.suite, subject.task, ModelPredictor(model))


def test_a_looped_network_is_read_out_beyond_its_loops(monkeypatch):
    """What lies beyond its own loops is what a network with as many shows, and does not count."""
    monkeypatch.setattr(depth_readout, "PROMPTS", 16)
    far = DepthReadout().measure(looped({"repeat": 1, "loop": 2}))
    assert far.x == [float(depth) for depth in range(depth_readout.LOOPS + 1)]
    assert far.curves["as it is, further loops"][2] == far.curves["as it is"][2]
    monkeypatch.setattr(depth_readout, "LOOPS", 3)
    subject = looped({"repeat": 1}, {"repeat": 2, "loop": 2, "inject": True})
    finding, longer = (DepthReadout().measure(known) for known in (subject, with_loops(subject, 4)))
    assert finding.x == [float(depth) for depth in range(1 + 1 + 2 * 4)]
    for name in ("as it is", "fitted"):
        own, beyond = finding.curves[name], finding.curves[f"{name}, further loops"]
        assert own[6:] == [None] * 4
        assert beyond[:5] == [None] * 5
        assert own[:6] + beyond[6:] == pytest.approx(longer.curves[name][:10], rel=1e-6)
        assert beyond[5] == own[5]
    errors = finding.curves["as it is"][:6]
    rises = [later - error for place, error in enumerate(errors) for later in errors[place:]]
    assert finding.estimate.value == pytest.approx(max(rises))
    assert finding.values["after the last layer"].value == pytest.approx(errors[-1])
    twice = finding.values["after twice the loops"]
    assert twice.value == pytest.approx(longer.values["after the last layer"].value, rel=1e-6)


def test_loops_before_other_layers_are_not_gone_on_with(monkeypatch):
    monkeypatch.setattr(depth_readout, "PROMPTS", 8)
    finding = DepthReadout().measure(looped({"repeat": 1, "loop": 3}, {"repeat": 1}))
    assert finding.x == [0, 1, 2, 3, 4]
    assert set(finding.values) == {"after the last layer"}


def test_a_stream_that_overflows_beyond_its_loops_is_shown_as_far_as_it_goes(monkeypatch):
    monkeypatch.setattr(depth_readout, "PROMPTS", 8)
    sublayers = [{**sublayer, "skip": 4.0} for sublayer in small_spec()["layers"][0]["sublayers"]]
    finding = DepthReadout().measure(looped({"loop": 10, "sublayers": sublayers}))
    assert 11 <= len(finding.x) < 21
    assert finding.values["after the last layer"].value is not None
    assert finding.values["after twice the loops"].value is None
    assert finding.values["after twice the loops"].reason == "the stream overflows"


def test_gradient_steps_are_compared_after_every_application(monkeypatch):
    monkeypatch.setattr(gd_similarity, "PROMPTS", 2)
    subject = looped({"repeat": 2, "loop": 3, "inject": True})
    before = {name: weight.clone() for name, weight in subject.network.state_dict().items()}
    finding = GDSimilarity().measure(subject)
    assert finding.x == [1, 2, 3, 4, 5, 6]
    assert all((weight == before[name]).all() for name, weight in subject.network.state_dict().items())
    states = query_states(subject.network, torch.ones(5), torch.ones(2, 5), torch.ones(2, 1))
    assert len(states) == 6


def test_a_step_on_a_loop_is_that_on_copies_of_its_layers(monkeypatch):
    """The layer-causal variant steps one application at a time, so that copies come to the same."""
    monkeypatch.setattr(gd_similarity, "PROMPTS", 2)
    subject, copies = looped({"repeat": 1, "loop": 2}), looped({"repeat": 2})
    weights = subject.network.state_dict()
    again = {name.replace("layers.0", "layers.1"): weight for name, weight in weights.items()}
    copies.network.load_state_dict(weights | again)
    prompts = subject.prompts.part(slice(2))
    (_, shared), (_, written_out) = (similarities(known.network, prompts) for known in (subject, copies))
    np.testing.assert_allclose(shared, written_out, atol=1e-4)


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
