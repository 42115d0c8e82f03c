"""A model small enough to save and load in milliseconds, and its checkpoint folders."""

from pathlib import Path
from typing import Any

import torch

from icl_bench.models.checkpoint import save_checkpoint
from icl_bench.models.initialise import initialise
from icl_bench.models.model import ICLModel

TASK = "mini-v1/linear_regression"


def small_spec(**changes: Any) -> dict[str, Any]:
    attention = {"type": "attention", "heads": 2, "positions": "rope", "bias": True}
    sublayers = [
        {"norm": "layernorm", "module": attention},
        {"norm": "rmsnorm", "module": {"type": "mamba", "expand": 1, "state": 2, "conv": 2}},
        {"norm": "rmsnorm", "module": {"type": "swiglu", "hidden": 8}},
    ]
    spec = {
        "schema": 1,
        "name": "small",
        "width": 8,
        "positions": {"type": "learned", "max_tokens": 80},
        "stem": [],
        "layers": [{"repeat": 2, "sublayers": sublayers}],
        "final_norm": "rmsnorm",
    }
    return spec | changes


def small_model(task: str = TASK, d: int = 8, k: int = 1, seed: int = 0, **changes: Any) -> ICLModel:
    model = ICLModel(spec=small_spec(**changes), d=d, k=k, task=task, training={"seed": seed})
    initialise(model, torch.Generator().manual_seed(seed))
    return model.eval()


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its relative path."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(paths)}


def saved(folder: Path, model: ICLModel | None = None) -> dict[str, bytes]:
    """The files of a checkpoint, saved in `folder`."""
    save_checkpoint(model or small_model(), folder)
    return files_of(folder)
