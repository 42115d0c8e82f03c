"""What a device can do to a run, told in one line: it runs out of memory, or it is lost."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from icl_bench.errors import InputError

_NO_MEMORY = "allocate memory"  # how torch says it of the CPU
_LOST = ("CUDA", "CUBLAS", "CUDNN", "NCCL")  # how the libraries of a GPU begin their complaints


@contextmanager
def device_faults(step: int) -> Iterator[None]:
    """InputError in place of a device's own: the state that was saved last is still in the folder."""
    try:
        yield
    except RuntimeError as error:
        reason = str(error).strip().partition("\n")[0]
        if isinstance(error, torch.OutOfMemoryError) or _NO_MEMORY in reason:
            raise InputError(
                f"out of memory at step {step} ({reason}); train with a smaller batch (--recipe)"
            ) from None
        if isinstance(error, torch.AcceleratorError) or any(name in reason for name in _LOST):
            raise InputError(
                f"the device failed at step {step} ({reason}); when it is back, go on with --resume"
            ) from None
        raise
