"""A run on an accelerator, and as much of that as a CPU can show.

What is marked with `gpu` needs a CUDA device: it is there to be run the day that one is at hand.
"""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from models.twins import architecture as sized
from raising import raises
from training.test_run import MAMBA, RECIPE, assert_same_bits, plan, trained

from icl_bench.blocks.positions import RotaryPositions
from icl_bench.errors import ICLBenchError, InputError
from icl_bench.models.model import ICLModel
from icl_bench.specs.recipe import Curriculum, Ramp
from icl_bench.training import precision as precision_module
from icl_bench.training.precision import compiled_model
from icl_bench.training.prompts import PromptQueue
from icl_bench.training.run import TrainingRun

pytestmark = pytest.mark.slow

gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
ROPE = {"type": "attention", "heads": 2, "positions": "rope", "bias": False}
GROWING = RECIPE.model_copy(
    update={"curriculum": Curriculum(dims=Ramp(start=2, by=1, every=2), points=Ramp(start=5, by=2, every=2))}
)
SIZES = dict(width=16, layers=2, heads=2, hidden=32, expand=2, state=4, conv=3)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=gpu)])
@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=gpu)])
@pytest.mark.parametrize("precision", ["float32", "bf16", pytest.param("tf32", marks=gpu)])
@pytest.mark.parametrize("module", [None, ROPE, MAMBA], ids=["attention", "rope", "mamba"])
def test_prompts_grow_and_a_resumed_run_ends_with_the_same_bits(
    tmp_path: Path, device: str, compiled: bool, precision: str, module
) -> None:
    if precision == "tf32" and device == "cpu":
        pytest.skip("tf32 is refused on a CPU")
    changed_plan = replace(
        plan(GROWING.model_copy(update={"precision": precision}), module=module), compiled=compiled
    )
    whole = trained(TrainingRun(changed_plan, tmp_path / "whole", device), 8)
    first = TrainingRun(changed_plan, tmp_path / "cut", device)
    first.start()
    trained(first, 3)
    first.save()
    first.release()
    second = TrainingRun(changed_plan, tmp_path / "cut", device)
    second.resume()
    assert_same_bits(trained(second, 8), whole)
    exact = trained(TrainingRun(plan(GROWING, module=module), tmp_path / "exact"), 8)
    tolerance = 1e-3 if precision == "float32" else 0.03
    for name, tensor in whole.items():
        torch.testing.assert_close(tensor.cpu(), exact[name], rtol=0, atol=tolerance, msg=name)


def test_models_are_one_graph_and_compute_the_same() -> None:
    """CUDA graphs pay where nothing breaks them; a kernel from elsewhere is called between two of them."""
    tests = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", str(tests / "training/graphs.py")],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tests), os.environ.get("PYTHONPATH", "")])},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "llama whole",
        "mamba whole",
        "looped llama whole",
        "mamba in parts",
    ]


def test_what_a_block_keeps_is_not_made_in_a_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CUDA graph's memory is used again by the next step, under the angles that were made in it."""
    model = ICLModel(sized("llama", **SIZES), d=3, k=1, task="mini-v1/linear_regression")
    seen = []

    def compile_(module, **options):
        seen.extend(part._angles for part in module.modules() if isinstance(part, RotaryPositions))
        return module

    monkeypatch.setattr(torch, "compile", compile_)
    first = torch.randn(2, 3, 3), torch.randn(2, 3, 1)
    forward = compiled_model(model, "float32", first, (9, 3, 1))
    forward(torch.randn(2, 9, 3), torch.randn(2, 9, 1))
    assert len(seen) == SIZES["layers"]
    assert all(angles[0].shape[0] == 17 for angles in seen)
    angles = [part._angles for part in model.modules() if isinstance(part, RotaryPositions)]
    assert all(now is before for now, before in zip(angles, seen, strict=True))


def test_the_compiler_learns_first_what_to_leave_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(precision_module, "mark_for_compiler", lambda: calls.append("marked"))
    monkeypatch.setattr(torch, "compile", lambda module, **options: calls.append("compiled") or module)
    model = ICLModel(sized("mamba", **SIZES), d=3, k=1, task="mini-v1/linear_regression")
    compiled_model(model, "float32", (torch.randn(2, 3, 3), torch.randn(2, 3, 1)), (9, 3, 1))
    assert calls == ["marked", "compiled"]


def test_prompts_are_made_ahead_and_each_once() -> None:
    steps: list[int] = []

    def make(step: int) -> tuple[np.ndarray, np.ndarray]:
        steps.append(step)
        return np.array(step), np.array(step)

    queue = PromptQueue(make, ahead=2)
    assert [int(queue.at(step)[0]) for step in (0, 1, 2, 7, 8)] == [0, 1, 2, 7, 8]
    queue._threads.shutdown()
    assert sorted(steps) == [0, 1, 2, 3, 4, 7, 8, 9, 10]


def test_prompts_made_ahead_are_the_same(tmp_path: Path) -> None:
    alone = trained(TrainingRun(plan(), tmp_path), 6)
    run = TrainingRun(plan(), tmp_path)
    run._queue = PromptQueue(run._queue._make, ahead=3)
    assert_same_bits(trained(run, 6), alone)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (torch.AcceleratorError("CUDA error: unspecified launch failure\nCompile with"), "device-failed"),
        (RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling"), "device-failed"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), "out-of-memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "out-of-memory"),
    ],
)
def test_a_device_that_fails_is_reported_and_the_last_state_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: RuntimeError, code: str
) -> None:
    run = TrainingRun(plan(), tmp_path)
    run.start()
    trained(run, 3)
    run.save()
    state = (tmp_path / "state.pt").read_bytes()

    def lost(xs, ys):
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(run, "_forward", lost)
        with raises(InputError, code, naming="at step 3 ("):
            run.advance()
    assert (tmp_path / "state.pt").read_bytes() == state
    run.release()
    again = TrainingRun(plan(), tmp_path)
    again.resume()
    assert_same_bits(trained(again, 5), trained(TrainingRun(plan(), tmp_path / "whole"), 5))


def test_a_device_that_is_full_is_not_called_a_damaged_state(tmp_path: Path, monkeypatch) -> None:
    """The remedy of a damaged state is to remove it."""
    run = TrainingRun(plan(), tmp_path)
    run.start()
    run.release()
    for owner, name, error, code, remedy in (
        (torch, "load", torch.OutOfMemoryError("CUDA out of memory"), "out-of-memory", "--recipe"),
        (
            torch,
            "load",
            torch.AcceleratorError("CUDA error: launch failure"),
            "device-failed",
            "--resume",
        ),
        (Path, "read_bytes", OSError(5, "Input/output error"), "unreadable-state", "Input/output error"),
    ):
        again = TrainingRun(plan(), tmp_path)
        with monkeypatch.context() as patched:
            patched.setattr(owner, name, Mock(side_effect=error))
            with raises(ICLBenchError, code, naming=remedy):
                again.resume()


def test_a_device_that_fails_in_the_first_step_leaves_a_run_to_resume(tmp_path: Path, monkeypatch) -> None:
    run = TrainingRun(plan(), tmp_path)
    run.start()
    with monkeypatch.context() as patched:
        patched.setattr(run, "_forward", Mock(side_effect=torch.AcceleratorError("CUDA error: gone")))
        with raises(InputError, "device-failed", naming=("at step 0 ", "--resume")):
            run.advance()
    run.release()
    TrainingRun(plan(), tmp_path).resume()


def test_a_fault_of_the_code_is_not_called_the_devices(tmp_path: Path, monkeypatch) -> None:
    run = TrainingRun(plan(), tmp_path)
    monkeypatch.setattr(run, "_forward", lambda xs, ys: ys)
    with pytest.raises(RuntimeError, match="does not require grad"):
        run.advance()


def test_training_on_other_accelerators_is_refused(tmp_path: Path) -> None:
    with raises(InputError, "training-device", naming="mps"):
        TrainingRun(plan(), tmp_path, "mps")
