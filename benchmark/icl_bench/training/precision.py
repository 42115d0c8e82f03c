"""Cheaper arithmetic while training, switched on for a step and off behind it: evaluation is float32."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import nn

from icl_bench.blocks.mamba import Mamba
from icl_bench.errors import InputError

SHAPES = 64  # prompts of as many lengths may be compiled: a curriculum has some twenty


@contextmanager
def training_precision(precision: Literal["float32", "tf32", "bf16"], device: str) -> Iterator[None]:
    """Matrix products in float32, in TF32 (on GPUs that have it) or, by autocast, in bfloat16.

    Weights, optimiser and loss stay float32. Whatever was set before is set again afterwards.
    """
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    try:
        with torch.autocast(device.partition(":")[0], torch.bfloat16, enabled=precision == "bf16"):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


def compiled_model(
    model: nn.Module, device: torch.device, xs: torch.Tensor, ys: torch.Tensor
) -> Callable[..., torch.Tensor]:
    """`torch.compile` of the model, on CUDA with its steps recorded as CUDA graphs.

    Mixers that have compiled kernels of their own are left as they are. The passes for prompts of the shape
    of xs and ys are compiled at once: InputError where that fails, which leaves the model without gradients.
    """
    torch._dynamo.config.recompile_limit = SHAPES
    if device.type == "cpu":
        for module in model.modules():
            if isinstance(module, Mamba):
                module.forward = torch.compiler.disable(module.forward)  # type: ignore[method-assign]
    mode = "reduce-overhead" if device.type == "cuda" else "default"
    compiled = torch.compile(model, dynamic=False, mode=mode)
    try:
        compiled(xs, ys).sum().backward()
    except torch._dynamo.exc.TorchDynamoException as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(f"torch.compile fails here ({reason}); leave out --compile") from None
    model.zero_grad()
    return compiled
