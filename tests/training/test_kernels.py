"""What is compiled for training on a CPU changes no learning curve: that of torch's operations, rounded."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from training.test_run import RECIPE, plan

from icl_bench.blocks import attention, linear, mamba, norms
from icl_bench.blocks.kernels import activations
from icl_bench.specs.architecture import parse_architecture
from icl_bench.training.run import TrainingRun

pytestmark = pytest.mark.slow

ATTENTION = {"type": "attention", "heads": 2}
STACKS = {
    "gpt2": [
        {"norm": "layernorm", "module": {**ATTENTION, "positions": "none", "bias": True}},
        {"norm": "layernorm", "module": {"type": "gelu_mlp", "hidden": 40}},
    ],
    "llama": [
        {"norm": "rmsnorm", "module": {**ATTENTION, "positions": "rope", "bias": False}},
        {"norm": "rmsnorm", "module": {"type": "swiglu", "hidden": 40}},
    ],
    "mamba": [{"norm": "rmsnorm", "module": {"type": "mamba", "expand": 2, "state": 5, "conv": 4}}],
}
STACKS["hybrid"] = [*STACKS["llama"], *STACKS["mamba"]]


def losses(folder: Path, sublayers: list[dict[str, object]], seed: int, steps: int) -> torch.Tensor:
    spec = {
        "schema": 1,
        "name": "tiny",
        "width": 20,
        "positions": "none",
        "stem": [],
        "layers": [{"repeat": 2, "sublayers": sublayers}],
        "final_norm": "rmsnorm",
    }
    whole = plan(RECIPE.model_copy(update={"curriculum": None}))
    whole = replace(whole, architecture=parse_architecture(spec, "tiny"), seed=seed)
    run, sums = TrainingRun(whole, folder), [0.0]
    while run.step < steps:
        run.advance()
        sums.append(run.loss_sum.item())
    return torch.tensor(sums).diff()


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", STACKS)
def test_a_learning_curve_is_that_of_torch(
    name: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = losses(tmp_path / "compiled", STACKS[name], seed, 50)
    for module in (activations, attention, linear, norms):
        monkeypatch.setattr(module, "trains_on_cpu", lambda x: False)
    monkeypatch.setattr(mamba, "compiled_mix", mamba.mix)
    torch.testing.assert_close(
        compiled, losses(tmp_path / "torch", STACKS[name], seed, 50), rtol=1e-4, atol=0
    )
