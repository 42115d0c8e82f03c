"""What a device can do to a run, in one line: it runs out of memory, or it is lost."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from icl_bench.errors import InputError, says_no_memory

_LOST = ("CUDA error", "CUBLAS_STATUS", "CUDNN_STATUS", "NCCL error")  # of the libraries of a GPU


@contextmanager
def device_faults(step: int | None) -> Iterator[None]:
    """InputError in place of a device's own: the state that was saved last is still in the folder.

    `step` is None where no step was begun yet.
    """
    try:
        yield
    except RuntimeError as error:
        at = "" if step is None else f" at step {step}"
        reason = str(error).strip().partition("\n")[0]
        if isinstance(error, torch.OutOfMemoryError) or says_no_memory(error):
            raise InputError(
                f"out of memory{at} ({reason}); train with a smaller batch (--recipe) in another --out",
                code="out-of-memory",
            ) from None
        if isinstance(error, torch.AcceleratorError) or any(name in reason for name in _LOST):
            raise InputError(
                f"the device failed{at} ({reason}); once it works again, continue with --resume, or train "
                "again where no state was saved",
                code="device-failed",
            ) from None
        raise
