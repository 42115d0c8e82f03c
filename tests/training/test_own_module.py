"""A torch module of one's own is trained by a task's recipe, resumed, saved and scored."""

import json
from threading import Lock
from typing import Any

import pytest
import torch
from raising import raises
from safetensors.torch import load_file, load_model
from torch import Tensor, nn

import icl_bench
from icl_bench.errors import CheckpointError, InputError
from icl_bench.training import train as train_module
from icl_bench.training.optimiser import block_matrices
from icl_bench.training.train import TrainingStopped

pytestmark = pytest.mark.slow

TASK = "mini/linear_regression"
FILES = ["config.json", "model.safetensors", "training.csv", "training.svg"]


class Network(nn.Module):
    """Reads x_i and y_{i-1}; its weights are the same whenever it is made."""

    def __init__(self, d: int = 5, k: int = 1, width: int = 16) -> None:
        super().__init__()
        self.into, self.recurrent = nn.Linear(d + k, width), nn.GRU(width, width, batch_first=True)
        self.inner, self.out = nn.Linear(width, width), nn.Linear(width, k)
        self.dropout = nn.Dropout(0.5)
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.normal_(0, 0.1, generator=generator)

    def forward(self, xs: Tensor, ys: Tensor) -> Tensor:
        before = torch.cat([torch.zeros_like(ys[:, :1]), ys[:, :-1]], dim=1)
        h = self.recurrent(self.into(torch.cat([xs, before], dim=2)))[0]
        return self.out(torch.relu(self.inner(h)))


def train(module: nn.Module, **options: Any) -> Any:
    return icl_bench.train(module, TASK, name="mine", steps=30, **options)


def test_it_learns_and_its_folder_holds_what_a_run_holds(tmp_path):
    module = Network()
    before = icl_bench.evaluate(module, tasks="linear_regression").tasks["linear_regression"].mean_error.value
    result = icl_bench.train(module, TASK, steps=150, out=tmp_path / "run")
    record = icl_bench.evaluate(module, tasks="linear_regression", name="mine")
    assert record.tasks["linear_regression"].mean_error.value < before
    assert sorted(path.name for path in result.folder.iterdir()) == FILES
    assert result.plan.name == "network"
    config = json.loads((result.folder / "config.json").read_text())
    assert config["task"] == "mini-v1/linear_regression"
    assert config["training"]["outcome"]["steps"] == 150
    loaded = Network()
    load_model(loaded, result.folder / "model.safetensors")
    again = icl_bench.evaluate(loaded, tasks="linear_regression", name="mine")
    errors = [run.tasks["linear_regression"].prompt_errors for run in (again, record)]
    assert errors[0] == errors[1]


def test_a_resumed_run_ends_with_the_same_bits(tmp_path, monkeypatch):
    whole, stopped = Network(), Network()
    train(whole, out=tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr(train_module, "deferred_interruptions", _interrupted_after(12))
        with pytest.raises(TrainingStopped) as caught:
            train(stopped, out=tmp_path / "run")
    assert caught.value.step == 12
    resumed = Network()
    train(resumed, out=tmp_path / "run", resume=True)
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name
    assert (tmp_path / "whole/training.csv").read_text() == (tmp_path / "run/training.csv").read_text()


def test_another_module_does_not_resume_it(tmp_path, monkeypatch):
    monkeypatch.setattr(train_module, "deferred_interruptions", _interrupted_after(2))
    with pytest.raises(TrainingStopped):
        train(Network(), out=tmp_path / "run")
    with pytest.raises(CheckpointError) as caught:
        train(Network(width=8), out=tmp_path / "run", resume=True)
    assert "tensors" in str(caught.value)


def test_muon_changes_inner_linear_maps_alone():
    module = Network()
    (inner,) = block_matrices(module)
    assert inner is module.inner.weight


def test_modes_are_as_before_after_an_evaluation():
    module = Network().train()
    module.recurrent.eval()
    icl_bench.evaluate(module, tasks="linear_regression")
    assert module.training
    assert module.dropout.training
    assert not module.recurrent.training


def test_frozen_parameters_stay_as_they_are(tmp_path):
    module = Network()
    module.into.requires_grad_(False)
    before = module.into.weight.clone()
    train(module, out=tmp_path / "run")
    assert torch.equal(module.into.weight, before)


class OtherShape(Network):
    """Forgets the last axis of its answer."""

    def forward(self, xs: Tensor, ys: Tensor) -> Tensor:
        return super().forward(xs, ys)[..., 0]


@pytest.mark.parametrize(
    ("module", "options", "named"),
    [
        (Network(), {"name": "My Network"}, "My Network"),
        (Network().requires_grad_(False), {}, "network has no parameter"),
        (nn.Identity(), {}, "identity has no parameter"),
        (OtherShape(), {}, "(2, 11)"),
        (Network(), {"compiled": True}, "torch.compile(module)"),
        ("reference/gpt2", {"name": "mine"}, "leave it out"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_a_folder_is_made(tmp_path, module, options, named):
    with pytest.raises(InputError) as caught:
        icl_bench.train(module, TASK, steps=2, out=tmp_path / "run", **options)
    assert named in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_a_folder_of_a_module_says_how_it_is_scored(tmp_path):
    icl_bench.train(Network(), TASK, steps=2, out=tmp_path / "run")
    with pytest.raises(CheckpointError) as caught:
        icl_bench.evaluate(tmp_path / "run", tasks="linear_regression")
    assert "icl_bench.evaluate(module)" in str(caught.value)


def test_a_module_that_reads_the_answer_is_caught():
    class Peeking(Network):
        def forward(self, xs: Tensor, ys: Tensor) -> Tensor:
            return ys

    with pytest.raises(icl_bench.errors.CheckError) as caught:
        icl_bench.evaluate(Peeking(), tasks="linear_regression")
    assert caught.value.code == "causality"


def test_name_and_device_are_of_objects_that_have_them():
    record = icl_bench.evaluate(Network(), tasks="linear_regression", name="mine", device="cpu")
    assert (record.model.id, record.model.kind) == ("mine", "callable")
    for model, options in [
        (Network(), {"name": "two words"}),
        ("baseline/zero", {"name": "mine"}),
        (lambda xs, ys: 0 * ys, {"device": "cpu"}),
    ]:
        with pytest.raises(InputError):
            icl_bench.evaluate(model, tasks="linear_regression", **options)


def _interrupted_after(steps: int) -> Any:
    from contextlib import contextmanager
    from itertools import count

    @contextmanager
    def interruptions():
        calls = count()
        yield lambda: next(calls) >= steps

    return interruptions


class Detached(Network):
    def forward(self, xs: Tensor, ys: Tensor) -> Tensor:
        return super().forward(xs, ys).detach()


class WithState(Network):
    def get_extra_state(self) -> Any:
        return {"calls": 3}

    def set_extra_state(self, state: Any) -> None:
        pass


def with_nan() -> Network:
    module = Network()
    with torch.no_grad():
        module.out.bias.fill_(float("nan"))
    return module


class ReadsTheAnswer(Network):
    """Reads y_i before it answers it."""

    def forward(self, xs: Tensor, ys: Tensor) -> Tensor:
        return super().forward(xs, ys) + ys


@pytest.mark.parametrize(
    ("module", "code"),
    [
        (Detached(), "unusable-module"),
        (with_nan(), "unusable-module"),
        (ReadsTheAnswer(), "unusable-module"),
        (WithState(), "no-tensor"),
        (Network, "class-for-object"),
    ],
)
def test_what_would_fail_later_is_found_before_the_first_step(tmp_path, module, code):
    with raises(InputError, code):
        icl_bench.train(module, TASK, steps=2, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_module_that_cannot_be_copied_is_saved(tmp_path):
    module = Network()
    module.lock = Lock()
    module.register_buffer("large", torch.tensor(1e9))
    icl_bench.train(module, TASK, steps=2, out=tmp_path / "run", half=True)
    tensors = load_file(tmp_path / "run" / "model.safetensors")
    assert tensors["large"].item() == 1e9
    assert tensors["out.weight"].dtype == torch.float16


def test_other_frozen_parameters_make_another_run(tmp_path, monkeypatch):
    monkeypatch.setattr(train_module, "deferred_interruptions", _interrupted_after(2))
    with pytest.raises(TrainingStopped):
        train(Network(), out=tmp_path / "run")
    frozen = Network()
    frozen.into.requires_grad_(False)
    with raises(CheckpointError, "other-run", naming="trained"):
        train(frozen, out=tmp_path / "run", resume=True)


def test_a_seed_is_at_least_0(tmp_path):
    for model in (Network(), "reference/gpt2"):
        with raises(InputError, "no-such-seed", naming="-1"):
            icl_bench.train(model, TASK, seed=-1, steps=2, out=tmp_path / "run")
