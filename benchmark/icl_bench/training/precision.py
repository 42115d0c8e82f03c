"""Cheaper arithmetic while training, on during a step and restored after it: evaluation is float32."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import nn

from icl_bench.blocks.selective_scan import mark_for_compiler
from icl_bench.errors import InputError

SHAPES = 64  # prompts of as many lengths may be compiled: a curriculum has some twenty

Precision = Literal["float32", "tf32", "bf16"]


@contextmanager
def training_precision(precision: Precision) -> Iterator[None]:
    """Matrix products of a whole step in float32, or in TF32 on GPUs that have it.

    Weights, optimiser and loss stay float32. Whatever was set before is set again afterwards.
    """
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def forward_autocast(precision: Precision, device: torch.device) -> torch.autocast:
    """Matrix products of a forward pass in bfloat16, where that is the precision.

    Not of the backward pass: it takes the types of the forward pass by itself, and what is kept in float32
    there would be rounded here.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


def compiled_model(
    model: nn.Module,
    precision: Precision,
    first: tuple[torch.Tensor, torch.Tensor],
    whole: tuple[int, int, int],
) -> Callable[..., torch.Tensor]:
    """`torch.compile` of the model, on CUDA with its steps recorded as CUDA graphs.

    `first` are prompts, whose passes are compiled at once: InputError where that fails, which leaves the
    model without gradients. `whole` are the points, d and k of the longest prompts to come.
    """
    mark_for_compiler()
    device = first[0].device
    torch._dynamo.config.recompile_limit = SHAPES
    if device.type == "cpu":  # mixers have compiled kernels of their own there
        for module in model.modules():
            if getattr(module, "has_cpu_kernels", False):
                module.forward = torch.compiler.disable(module.forward)
    _keep_what_whole_prompts_need(model, device, *whole)
    on_cuda = device.type == "cuda"
    compiled = torch.compile(model, dynamic=False, mode="reduce-overhead" if on_cuda else "default")

    def forward(xs: torch.Tensor, ys: torch.Tensor) -> torch.Tensor:
        if on_cuda:  # nothing of the step before is read any more: its memory is the graphs' to use again
            torch.compiler.cudagraph_mark_step_begin()
        with forward_autocast(precision, device):
            return compiled(xs, ys)

    try:
        forward(*first).sum().backward()
    except torch._dynamo.exc.TorchDynamoException as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(  # a killed process may have left half a file in the cache
            f"torch.compile fails here ({reason}); leave out --compile, or empty the cache of torch "
            "(TORCHINDUCTOR_CACHE_DIR)"
        ) from None
    model.zero_grad()
    return forward


@torch.no_grad()
def _keep_what_whole_prompts_need(
    model: nn.Module, device: torch.device, points: int, d: int, k: int
) -> None:
    """A pass that is not compiled, over a whole prompt: blocks keep what they need of it (rotary angles).

    Were that made in a recorded graph, it would lie in memory that the next step overwrites.
    """
    model(torch.zeros(1, points, d, device=device), torch.zeros(1, points, k, device=device))
