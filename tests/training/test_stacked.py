"""Several models in one pass predict, and get the gradients, that each has alone."""

from functools import partial

import pytest
import torch
from models.twins import HYBRID, architecture
from torch.func import vmap

from icl_bench.blocks import selective_scan as scans
from icl_bench.blocks.together import along_batch, one_by_one
from icl_bench.models.initialise import initialise
from icl_bench.models.model import ICLModel
from icl_bench.training.stacked import StackedModels

pytestmark = pytest.mark.slow

SIZES = dict(width=8, layers=2, heads=2, hidden=12, expand=2, state=4, conv=3)
MODELS = 3


def models(name: str, dtype: torch.dtype, **group: int | bool) -> list[ICLModel]:
    models, spec = [], architecture(name, **SIZES)
    spec["layers"][0] |= group
    for seed in range(MODELS):
        model = ICLModel(spec, d=3, k=1, task="mini-v1/linear_regression")
        initialise(model, torch.Generator().manual_seed(seed))
        models.append(model.to(dtype))
    return models


def compare(name: str, dtype: torch.dtype, **group: int | bool) -> None:
    together, alone = StackedModels(models(name, dtype, **group)), models(name, dtype, **group)
    generator = torch.Generator().manual_seed(9)
    xs, ys = (torch.randn(MODELS, 5, 7, n, generator=generator, dtype=dtype) for n in (3, 1))
    predictions = together(xs, ys)
    together.backward((predictions - ys).square().mean((1, 2, 3)))
    for place, model in enumerate(alone):
        own = model(xs[place], ys[place])
        (own - ys[place]).square().mean().backward()
        torch.testing.assert_close(predictions[place], own)
        for parameter, wanted in zip(together.models[place].parameters(), model.parameters(), strict=True):
            torch.testing.assert_close(parameter.grad, wanted.grad)


# In float64 a mixer takes on a CPU the operations that it takes on a GPU.
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ["gpt2", "llama", HYBRID])
def test_predictions_and_gradients_are_those_of_each_alone(name: str, dtype: torch.dtype) -> None:
    """Warnings are errors: no operation is one that vmap carries out in a slow way of its own."""
    compare(name, dtype)


def test_looped_layers_are_those_of_each_alone() -> None:
    compare(HYBRID, torch.float64, loop=3, inject=True)


def test_mamba_ssms_kernel_is_called_once_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def kernel(u, delta, A, B, C, D):
        calls.append(u.shape)
        return scans.selective_scan_reference(u.mT, delta.mT, A, B.mT, C.mT, D).mT

    monkeypatch.setattr(scans, "mamba_ssm_kernel", lambda: kernel)
    monkeypatch.setattr(scans, "has_mamba_ssm", lambda device: True)
    compare("mamba", torch.float64)
    assert calls == [(5, 16, 13)] * 2 * SIZES["layers"] * MODELS


def test_a_change_of_one_model_is_one_of_the_stacked_parameters() -> None:
    together = StackedModels(models("gpt2", torch.float32))
    xs, ys = torch.randn(MODELS, 2, 4, 3), torch.randn(MODELS, 2, 4, 1)
    before = together(xs, ys)
    with torch.no_grad():
        for parameter in together.models[1].parameters():
            parameter.mul_(1.5)
        after = together(xs, ys)
    torch.testing.assert_close(after[[0, 2]], before[[0, 2]])
    assert (after[1] - before[1]).abs().max() > 0.1
    torch.testing.assert_close(after[1], together.models[1](xs[1], ys[1]))


def test_tensors_that_the_models_share_may_stand_beside_their_own() -> None:
    shared, own = torch.randn(4, 2), torch.randn(3, 4, 2)
    for helper in (along_batch, one_by_one):
        call = partial(helper, torch.mul)
        assert torch.equal(vmap(call, in_dims=(0, None))(own, shared), own * shared)
        assert torch.equal(vmap(call, in_dims=(1, None))(own.movedim(0, 1), shared), own * shared)
