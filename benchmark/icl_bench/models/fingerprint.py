"""What distinguishes trainings: the values of their tensors, and not the bytes of their files.

A note in the header, padding, the order of tensors and a wider number type change a file's hash and no
prediction. Weights that were rounded to a narrower type have the values of the others once those are rounded.
"""

import hashlib
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from icl_bench.errors import CheckpointError

_NARROW = (torch.float16, torch.bfloat16)


def tensor_fingerprints(path: Path) -> frozenset[str]:
    """Hashes of a file's tensors (name, shape, values), rounded to each narrow type.

    Two files that have one in common are of one training. CheckpointError where the file cannot be read.
    """
    digests = {dtype: hashlib.sha256() for dtype in _NARROW}
    try:
        with safe_open(path, framework="pt") as tensors:
            for name in sorted(tensors.keys()):
                tensor = tensors.get_tensor(name)
                for dtype, digest in digests.items():
                    digest.update(f"{name!r} {list(tensor.shape)} ".encode())
                    rounded = tensor.to(dtype) + 0.0  # of two zeros one
                    digest.update(rounded.contiguous().view(torch.int16).numpy().tobytes())
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"cannot read {path}: {error}; fetch or save it again", code="damaged-weights"
        ) from None
    return frozenset(f"{dtype} {digest.hexdigest()}" for dtype, digest in digests.items())
