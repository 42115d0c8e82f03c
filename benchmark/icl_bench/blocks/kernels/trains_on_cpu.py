"""Where compiled kernels take the place of torch's operations."""

import torch
from torch import Tensor


def trains_on_cpu(x: Tensor) -> bool:
    """Whether x is of a training step on a CPU, in float32 and not inside torch's compiler, which fuses by
    itself. Predictions are made with torch's operations, so that their bits stay those on record.
    """
    eager = not torch.compiler.is_compiling()
    return eager and x.requires_grad and x.device.type == "cpu" and x.dtype == torch.float32
