"""The device that a model runs on."""

import re

import torch

from icl_bench.errors import InputError

_NAMES = re.compile("cpu|cuda(:[0-9]{1,2})?|mps(:0)?")
_LONGEST = 200  # characters of a reason


def check_device_name(name: str) -> None:
    """InputError where it is not `cpu`, `cuda`, `cuda:N` or `mps`."""
    if not _NAMES.fullmatch(name):
        raise InputError(
            f"device {name!r} cannot be used here: it is not cpu, cuda, cuda:N or mps; use --device cpu",
            code="no-device",
        )


def usable_device(name: str) -> torch.device:
    """The torch device `cpu`, `cuda`, `cuda:N` or `mps`; InputError where this machine has none of it."""
    check_device_name(name)
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # torch asserts that it was built for the device
        raise InputError(
            f"device {name!r} cannot be used here: {_reason(name, error)}; use --device cpu", code="no-device"
        ) from None
    return device


def _reason(name: str, error: Exception) -> str:
    """Why there is no such device; torch says of some what it would take to build it."""
    if name.startswith("mps"):
        return "this machine, or this build of torch, has no MPS"
    return str(error).splitlines()[0][:_LONGEST]
