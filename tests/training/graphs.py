"""Models under `torch.compile` beside themselves without it; run by test_device.py in a process of its own.

There the types of arguments are not checked at every call, as they are in the tests, which breaks graphs. In
float64 a mixer takes on a CPU the operations that it takes on a GPU.
"""

import warnings

import torch
from models.twins import architecture

from icl_bench.blocks import selective_scan as scans
from icl_bench.models.model import ICLModel

SIZES = dict(width=8, layers=1, heads=2, hidden=8, expand=2, state=4, conv=2)


def compare(name: str, lengths: tuple[int, ...], whole: bool, **group: int | bool) -> None:
    """AssertionError where answers or gradients differ; with `whole`, an error where a graph breaks.

    `group` are further keys of the group of layers.
    """
    generator = torch.Generator().manual_seed(0)
    spec = architecture(name, **SIZES)
    spec["layers"][0] |= group
    model = ICLModel(spec, d=3, k=1, task="mini-v1/linear_regression").double()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3, generator=generator)
    compiled = torch.compile(model, fullgraph=whole, dynamic=False, backend="aot_eager")
    for points in lengths:
        prompts = [torch.randn(2, points, n, generator=generator, dtype=torch.float64) for n in (3, 1)]
        kernels = []
        for forward in (compiled, model):
            predictions = forward(*prompts)
            kernels.append(
                [predictions, *torch.autograd.grad(predictions.square().sum(), list(model.parameters()))]
            )
        for ours, theirs in zip(*kernels, strict=True):
            torch.testing.assert_close(ours, theirs)
    print(*["looped"] * bool(group), name, "whole" if whole else "in parts")


def kernel(u, delta, A, B, C, D):
    """In place of mamba-ssm's, which takes time last."""
    return scans.selective_scan_reference(u.mT, delta.mT, A, B.mT, C.mT, D).mT


if __name__ == "__main__":
    scans.mark_for_compiler()
    compare("llama", (3, 5), whole=True)
    compare("mamba", (3,), whole=True)
    compare("llama", (3,), whole=True, repeat=2, loop=3, inject=True)
    torch._dynamo.reset()
    warnings.filterwarnings("ignore", message="The .grad attribute")  # torch.compile looks there itself
    scans.mamba_ssm_kernel = lambda: kernel
    scans.has_mamba_ssm = torch.compiler.assume_constant_result(lambda device: True)
    compare("mamba", (3,), whole=False)
