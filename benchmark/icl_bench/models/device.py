"""The device that a model runs on."""

import torch

from icl_bench.errors import InputError


def usable_device(name: str) -> torch.device:
    """The torch device of that name; InputError where there is none on this machine."""
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # torch asserts that it was built for the device
        reason = str(error).splitlines()[0]
        raise InputError(f"device {name!r} cannot be used here: {reason}; use --device cpu") from None
    return device
