"""Checkpoints as they are evaluated: one folder a task, strict, with their identity in the record."""

import hashlib

import pytest
import torch
from raising import raises

import icl_bench
from icl_bench.errors import CheckError, CheckpointError, InputError
from icl_bench.models.checkpoint import save_checkpoint
from icl_bench.models.initialise import initialise
from icl_bench.models.model import ICLModel
from icl_bench.records.read import load_record

SPEC = {
    "schema": 1,
    "name": "small",
    "width": 8,
    "positions": {"type": "learned", "max_tokens": 64},
    "stem": [],
    "layers": [
        {
            "repeat": 1,
            "sublayers": [
                {
                    "norm": "rmsnorm",
                    "module": {"type": "attention", "heads": 2, "positions": "none", "bias": False},
                },
                {"norm": "rmsnorm", "module": {"type": "swiglu", "hidden": 16}},
            ],
        }
    ],
    "final_norm": "rmsnorm",
}


def model(d: int, k: int, task: str) -> ICLModel:
    model = ICLModel(SPEC, d=d, k=k, task=f"tiny-v1/{task}", training={"seed": 7})
    initialise(model, torch.Generator().manual_seed(7))
    return model


@pytest.fixture
def folder(tmp_path):
    """A model with checkpoints for two of the four tasks."""
    save_checkpoint(model(3, 1, "linear_regression"), tmp_path / "small" / "linear_regression")
    save_checkpoint(model(2, 2, "vector_mqar"), tmp_path / "small" / "vector_mqar")
    return tmp_path / "small"


def test_a_folder_is_evaluated_on_the_tasks_that_it_has_checkpoints_for(tiny, folder, tmp_path):
    record = icl_bench.evaluate(str(folder), "tiny")
    assert list(record.tasks) == ["linear_regression", "vector_mqar"]
    assert list(record.missing) == ["sparse_parity", "decision_tree"]
    assert record.model.kind == "folder"
    checkpoint = record.tasks["linear_regression"].checkpoint
    weights = (folder / "linear_regression" / "model.safetensors").read_bytes()
    assert checkpoint.sha256 == hashlib.sha256(weights).hexdigest()
    assert checkpoint.spec == SPEC
    assert checkpoint.training == {"seed": 7}
    assert 0 < checkpoint.parameters < sum(p.numel() for p in model(3, 1, "linear_regression").parameters())
    record.save(tmp_path / "record.json")
    assert load_record(tmp_path / "record.json") == record


def test_a_model_in_memory_scores_as_its_checkpoint_does(tiny, folder):
    saved = icl_bench.evaluate(str(folder), "tiny", ["linear_regression"]).tasks["linear_regression"]
    held = icl_bench.evaluate(model(3, 1, "linear_regression"), "tiny", ["linear_regression"])
    assert held.tasks["linear_regression"].prompt_errors == saved.prompt_errors
    assert held.tasks["linear_regression"].batch_size == saved.batch_size


def test_a_model_that_reads_its_own_target_is_refused(tiny, monkeypatch):
    # attention without its causal mask
    from torch.nn import functional

    masked = functional.scaled_dot_product_attention

    def unmasked(*arguments, is_causal=False, **rest):
        return masked(*arguments, **rest)

    monkeypatch.setattr(functional, "scaled_dot_product_attention", unmasked)
    with raises(CheckError, "causality"):
        icl_bench.evaluate(model(3, 1, "linear_regression"), "tiny", ["linear_regression"])


def test_a_model_for_other_sizes_is_reported_before_anything_runs(tiny):
    with raises(InputError, "other-sizes", naming="d = 3"):
        icl_bench.evaluate(model(3, 1, "linear_regression"), "tiny", ["vector_mqar"])


def test_a_checkpoint_in_the_wrong_folder_is_refused(tiny, folder):
    (folder / "linear_regression").rename(folder / "sparse_parity")
    with raises(CheckpointError, "other-task", naming="tiny-v1/linear_regression"):
        icl_bench.evaluate(str(folder), "tiny")
