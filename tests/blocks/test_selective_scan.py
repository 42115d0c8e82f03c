"""Every fast scan computes what the definition says, values and gradients."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from icl_bench.blocks import stepwise_scan
from icl_bench.blocks.kernels import selective_scan as compiled_scan
from icl_bench.blocks.selective_scan import (
    _kernels,
    has_triton,
    scan_with_mamba_ssm,
    selective_scan,
    selective_scan_reference,
)


def scan_inputs(batch: int, tokens: int, channels: int, state: int, scale: float, seed: int) -> list[Tensor]:
    """Random (u, delta, A, B, C, D) in float64; `scale` stretches the decays delta · A."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    delta = torch.rand(batch, tokens, channels, generator=generator, dtype=torch.float64)
    A = -scale * torch.rand(channels, state, generator=generator, dtype=torch.float64)
    shape = (batch, tokens, state)
    return [normal(batch, tokens, channels), delta, A, normal(*shape), normal(*shape), normal(channels)]


def values_and_gradients(scan, inputs: list[Tensor], dtype: torch.dtype) -> list[Tensor]:
    leaves = [tensor.to(dtype).requires_grad_() for tensor in inputs]
    y = scan(*leaves)
    weight = torch.randn(y.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return [y, *torch.autograd.grad(y, leaves, weight.to(dtype))]


@settings(max_examples=40, deadline=None)
@given(
    batch=st.integers(1, 3),
    tokens=st.integers(1, 40),
    channels=st.integers(1, 9),
    state=st.sampled_from([1, 3, 16, 17, 32]),
    scale=st.sampled_from([1e-3, 1.0, 30.0, 1e4]),
    seed=st.integers(0, 2**16),
)
def test_fast_scans_equal_the_definition(
    batch: int, tokens: int, channels: int, state: int, scale: float, seed: int
) -> None:
    inputs = scan_inputs(batch, tokens, channels, state, scale, seed)
    reference = values_and_gradients(selective_scan_reference, inputs, torch.float64)
    stepwise = values_and_gradients(selective_scan, inputs, torch.float64)  # float64: torch operations
    compiled = values_and_gradients(selective_scan, inputs, torch.float32)  # float32 on a CPU: compiled
    for exact, by_step, by_kernel in zip(reference, stepwise, compiled, strict=True):
        size = exact.abs().max().item() + 1e-30
        torch.testing.assert_close(by_step, exact, rtol=1e-10, atol=1e-10 * size)
        torch.testing.assert_close(by_kernel.double(), exact, rtol=1e-4, atol=1e-5 * size)


@pytest.mark.parametrize("module", [compiled_scan, stepwise_scan])
def test_threads_do_not_change_the_bits(module) -> None:
    u, delta, A, B, C, D = (t.float() for t in scan_inputs(5, 12, 6, 16, 1.0, 3))
    before = torch.get_num_threads()
    results = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        y = module.forward(u, delta, A, B, C, D)
        results.append([y, *module.backward(torch.ones_like(y), u, delta, A, B, C, D)])
        assert torch.get_num_threads() == threads, "the kernel must leave torch's thread count alone"
    torch.set_num_threads(before)
    for first, two in zip(*results, strict=True):
        assert torch.equal(first, two)


def test_gradients_by_finite_differences() -> None:
    inputs = [tensor.requires_grad_() for tensor in scan_inputs(2, 5, 3, 4, 1.0, 7)]
    assert torch.autograd.gradcheck(selective_scan, inputs)


def test_views_are_accepted() -> None:
    """The mixer passes halves of one projection, which are not contiguous."""
    u, delta, A, B, C, D = (t.float() for t in scan_inputs(2, 9, 8, 16, 1.0, 5))
    wide = torch.stack([B, C], dim=-1)
    y = selective_scan(
        u.transpose(0, 1).contiguous().transpose(0, 1), delta, A, wide[..., 0], wide[..., 1], D
    )
    torch.testing.assert_close(y, selective_scan(u, delta, A, B, C, D))


def mamba_ssm_reference(u, delta, A, B, C, D):
    """The scan in mamba-ssm's layout: u, delta (batch, channels, time), B, C (batch, state, time)."""
    h, ys = torch.zeros(*u.shape[:2], A.shape[1], dtype=u.dtype), []
    for t in range(u.shape[2]):
        h = torch.einsum("bc,cn->bcn", delta[..., t], A).exp() * h
        h = h + torch.einsum("bc,bn->bcn", delta[..., t] * u[..., t], B[..., t])
        ys.append(torch.einsum("bcn,bn->bc", h, C[..., t]))
    return torch.stack(ys, dim=2) + D[:, None] * u


def test_the_gpu_kernel_is_called_in_its_layout() -> None:
    inputs = scan_inputs(2, 6, 4, 5, 1.0, 11)
    ours = scan_with_mamba_ssm(mamba_ssm_reference, *inputs)
    torch.testing.assert_close(ours, selective_scan_reference(*inputs))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_gpu_kernel_equals_the_definition() -> None:
    inputs = scan_inputs(3, 41, 32, 16, 1.0, 13)
    reference = values_and_gradients(selective_scan_reference, inputs, torch.float64)
    on_gpu = values_and_gradients(selective_scan, [tensor.cuda() for tensor in inputs], torch.float32)
    for exact, ours in zip(reference, on_gpu, strict=True):
        torch.testing.assert_close(ours.cpu().double(), exact, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
@pytest.mark.skipif(not has_triton(), reason="needs Triton, which there is for Linux")
def test_the_triton_kernels_equal_torch_operations() -> None:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("interpreted.py"))],
        env=os.environ | {"TRITON_INTERPRET": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["2 7 8 16", "2 1 40 5", "3 2 5 40 16"]


@pytest.mark.slow
@pytest.mark.skipif(not has_triton(), reason="needs Triton, which there is for Linux")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_gpu_takes_the_triton_kernels(dtype: torch.dtype) -> None:
    """Of several models too; float64 is left to torch operations."""
    for axes in ((2, 5, 4), (3, 2, 5, 4)):
        with FakeTensorMode():
            kernels = _kernels(torch.empty(axes, dtype=dtype, device="cuda"))
        wanted = "kernels.triton_scan" if dtype == torch.float32 else "stepwise_scan"
        assert kernels.__name__ == f"icl_bench.blocks.{wanted}"


@pytest.mark.slow
def test_the_operators_are_what_they_tell_torch() -> None:
    """Shapes, strides and aliasing are those that torch.compile and CUDA graphs rely on."""
    for dtype in (torch.float32, torch.float64):
        for tokens in (1, 6):
            inputs = [t.to(dtype).requires_grad_() for t in scan_inputs(1, tokens, 4, 5, 1.0, 17)]
            torch.library.opcheck(torch.ops.icl_bench.selective_scan.default, inputs)
