"""The mixer's compiled inside computes what its torch form says, values and gradients."""

import pytest
import torch
from torch import Tensor

from icl_bench.blocks import mamba
from icl_bench.blocks.kernels.mixer import mix as compiled_mix
from icl_bench.blocks.mamba import Mamba, mix

pytestmark = pytest.mark.slow

NAMES = ("y", "projected", "conv", "bias", "select", "step", "step_bias", "A_log", "D")


def mixer_inputs(
    batch: int, tokens: int, channels: int, rank: int, state: int, conv: int, scale: float, seed: int
) -> list[Tensor]:
    """Random arguments of `mix` in float64; `scale` stretches the inputs of SiLU, softplus and gate."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).double()

    return [
        scale * normal(batch, tokens, 2 * channels),
        normal(channels, conv),
        normal(channels),
        normal(rank + 2 * state, channels) / channels**0.5,
        normal(channels, rank) / rank**0.5,
        normal(channels) - 3.0,
        normal(channels, state),
        normal(channels),
    ]


def values_and_gradients(function, inputs: list[Tensor], dtype: torch.dtype) -> list[Tensor]:
    leaves = [tensor.to(dtype).requires_grad_() for tensor in inputs]
    y = function(*leaves)
    weight = torch.randn(y.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return [y, *torch.autograd.grad(y, leaves, weight.to(dtype))]


@pytest.mark.parametrize("scale", [1e-2, 1.0, 10.0])
@pytest.mark.parametrize(
    ("batch", "tokens", "channels", "rank", "state", "conv"),
    [
        (2, 33, 64, 4, 16, 4),
        (3, 1, 16, 1, 3, 1),  # a single token, no convolution
        (1, 20, 7, 2, 1, 4),  # fewer channels than a vector
        (2, 9, 33, 3, 17, 2),  # two vectors and one channel
        (2, 3, 32, 2, 5, 7),  # a convolution longer than the prompt
        (0, 5, 16, 1, 3, 2),
    ],
)
def test_compiled_mixer_equals_the_torch_form(
    batch: int, tokens: int, channels: int, rank: int, state: int, conv: int, scale: float
) -> None:
    inputs = mixer_inputs(batch, tokens, channels, rank, state, conv, scale, 0)
    reference = values_and_gradients(mix, inputs, torch.float64)
    compiled = values_and_gradients(compiled_mix, inputs, torch.float32)
    for name, exact, fast in zip(NAMES, reference, compiled, strict=True):
        size = exact.abs().max().item() + 1e-30 if exact.numel() else 1.0
        torch.testing.assert_close(
            fast.double(), exact, rtol=0, atol=1e-5 * size, msg=lambda text, name=name: f"{name}: {text}"
        )


@pytest.mark.parametrize("extreme", [-1e4, -100.0, -30.0, 0.0, 30.0, 100.0, 1e4])
def test_extreme_inputs(extreme: float) -> None:
    """Far out, SiLU, softplus and gate are 0 or their input, and their slopes 0 or 1: nothing overflows."""
    inputs = mixer_inputs(2, 5, 16, 2, 3, 2, 1.0, 1)
    inputs[0][:, 3], inputs[5][:8] = extreme, extreme
    inputs[3][:2] = 0.0  # the step sizes before softplus are their bias, free of rounding
    reference = values_and_gradients(mix, inputs, torch.float64)
    for exact, fast in zip(reference, values_and_gradients(compiled_mix, inputs, torch.float32), strict=True):
        torch.testing.assert_close(fast.double(), exact, rtol=1e-5, atol=1e-5 * exact.abs().max().item())


@pytest.mark.parametrize("half", [0, 1])
def test_a_number_that_is_none_stays_none(half: int) -> None:
    """A diverged training must show in its loss."""
    inputs = [tensor.float() for tensor in mixer_inputs(1, 4, 16, 2, 3, 2, 1.0, 1)]
    inputs[0][0, 2, 16 * half + 5] = float("nan")
    y = compiled_mix(*inputs)
    assert y[:, :2].isfinite().all()
    assert y[0, 2, 5].isnan()
    inputs[5][:] = float("nan")  # the bias of the step sizes
    assert compiled_mix(*inputs).isnan().all()


def test_threads_do_not_change_the_bits() -> None:
    inputs = mixer_inputs(5, 12, 33, 2, 16, 4, 1.0, 3)
    before, results = torch.get_num_threads(), []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        results.append(values_and_gradients(compiled_mix, inputs, torch.float32))
    torch.set_num_threads(before)
    for first, two in zip(*results, strict=True):
        assert torch.equal(first, two)


def test_the_gradient_of_a_gradient_is_refused() -> None:
    """The backward pass is by hand: a second one would leave terms out and say nothing."""
    inputs = [tensor.float().requires_grad_() for tensor in mixer_inputs(1, 3, 4, 1, 2, 2, 1.0, 5)]
    gradients = torch.autograd.grad(compiled_mix(*inputs).square().sum(), inputs, create_graph=True)
    for gradient in gradients:
        with pytest.raises(RuntimeError, match="once_differentiable"):
            gradient.sum().backward()


@pytest.mark.parametrize("inference", [False, True])
@pytest.mark.parametrize(("dtype", "passed"), [(torch.float32, "compiled_mix"), (torch.float64, "mix")])
def test_the_mixer_is_compiled_in_float32_alone(
    dtype: torch.dtype, passed: str, inference: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, original = [], getattr(mamba, passed)
    monkeypatch.setattr(mamba, passed, lambda *inputs: calls.append(passed) or original(*inputs))
    torch.manual_seed(0)
    mixer = Mamba(width=8, channels=16, state=3, conv=4, step_rank=2)
    mixer.reset(torch.Generator().manual_seed(0))
    h = torch.randn(2, 9, 8)
    expected = mixer.double()(h.double())
    with torch.inference_mode(inference):
        out = mixer.to(dtype)(h.to(dtype))
    assert set(calls) == {passed}
    torch.testing.assert_close(out.double(), expected, rtol=1e-5, atol=1e-6)
