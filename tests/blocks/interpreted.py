"""The Triton kernels of the scan, carried out by Triton's interpreter on a CPU, beside torch operations; run
by test_selective_scan.py in a process of its own, where TRITON_INTERPRET is set before Triton is imported.
"""

import torch

from icl_bench.blocks import stepwise_scan
from icl_bench.blocks.kernels import triton_scan

NAMES = ("y", "u", "delta", "A", "B", "C", "D")


def compare(batch: tuple[int, ...], tokens: int, channels: int, state: int) -> None:
    """AssertionError where values or gradients differ; `batch` may have a models' axis first."""
    models = batch[:-1]
    inputs = [
        torch.randn(*batch, tokens, channels),
        torch.rand(*batch, tokens, channels),
        -3 * torch.rand(*models, channels, state),
        torch.randn(*batch, tokens, state),
        torch.randn(*batch, tokens, state),
        torch.randn(*models, channels),
    ]
    dy = torch.randn(*batch, tokens, channels)
    exact = [tensor.double() for tensor in inputs]
    ours = (triton_scan.forward(*inputs), *triton_scan.backward(dy, *inputs))
    theirs = (stepwise_scan.forward(*exact), *stepwise_scan.backward(dy.double(), *exact))
    for name, one, other in zip(NAMES, ours, theirs, strict=True):
        torch.testing.assert_close(one.double(), other, rtol=1e-5, atol=1e-5, msg=name)
    print(*batch, tokens, channels, state)


if __name__ == "__main__":
    torch.manual_seed(0)
    compare((2,), 7, 8, 16)
    compare((2,), 1, 40, 5)  # channels of two programs, and a state that is no power of 2
    compare((3, 2), 5, 40, 16)  # several models
