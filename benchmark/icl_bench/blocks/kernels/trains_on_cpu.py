"""Where compiled kernels take the place of torch's operations."""

import torch
from torch import Tensor

MOST = 1 << 20  # numbers of a head's states at all tokens, about what a core's second cache holds


def trains_on_cpu(x: Tensor) -> bool:
    """Whether x is of a training step on a CPU, in float32 and not inside torch's compiler, which fuses by
    itself. Predictions are made with torch's operations, so that their bits stay those on record.
    """
    eager = not torch.compiler.is_compiling()
    return eager and x.requires_grad and x.device.type == "cpu" and x.dtype == torch.float32


def takes_kernel(q: Tensor, v: Tensor, states: int = 1) -> bool:
    """Whether a recurrence of queries and values (batch, heads, tokens, size) that carries so many (key,
    value) states is of a training step, and of a size for kernels that keep all of them near.
    """
    return trains_on_cpu(q) and states * q.shape[2] * q.shape[3] * v.shape[3] <= MOST
