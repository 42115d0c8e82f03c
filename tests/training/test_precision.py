"""Cheaper arithmetic is for training alone, and is refused where it cannot be had."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from raising import raises
from training.test_run import MAMBA, RECIPE, plan, trained

from icl_bench.errors import InputError
from icl_bench.training.precision import training_precision
from icl_bench.training.run import TrainingRun

ROPE = {"type": "attention", "heads": 2, "positions": "rope", "bias": False}


@pytest.mark.parametrize("module", [None, ROPE, MAMBA], ids=["attention", "rope", "mamba"])
def test_bfloat16_is_for_training_alone(tmp_path: Path, module: dict[str, Any] | None) -> None:
    exact = trained(TrainingRun(plan(module=module), tmp_path), 3)
    run = TrainingRun(plan(RECIPE.model_copy(update={"precision": "bf16"}), module=module), tmp_path)
    rounded = trained(run, 3)
    assert not torch.is_autocast_enabled("cpu")
    assert {tensor.dtype for tensor in rounded.values()} == {torch.float32}
    assert not torch.equal(exact["read_in.weight"], rounded["read_in.weight"])
    torch.testing.assert_close(rounded["read_in.weight"], exact["read_in.weight"], rtol=0, atol=0.02)


def test_tf32_is_refused_where_it_changes_nothing(tmp_path: Path) -> None:
    with raises(InputError, "no-tf32", naming="cpu"):
        TrainingRun(plan(RECIPE.model_copy(update={"precision": "tf32"})), tmp_path)


def test_tf32_is_switched_off_behind_each_step() -> None:
    with training_precision("tf32"):
        assert torch.get_float32_matmul_precision() == "high"
    assert torch.get_float32_matmul_precision() == "highest"


def test_a_compiled_run_is_another_run(tmp_path: Path) -> None:
    assert plan().identity() != replace(plan(), compiled=True).identity()
