"""The mixer's convolution is torch's grouped one, padded on the left."""

import pytest
import torch
from torch.nn import functional as F

from icl_bench.blocks.mamba import causal_convolution


@pytest.mark.parametrize(("tokens", "length"), [(1, 4), (3, 4), (9, 4), (5, 1), (7, 2)])
@pytest.mark.parametrize("biased", [True, False])
def test_convolution_is_torchs(tokens: int, length: int, biased: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    u = torch.randn(2, tokens, 6, generator=generator, dtype=torch.float64)
    weight = torch.randn(6, length, generator=generator, dtype=torch.float64)
    bias = torch.randn(6, generator=generator, dtype=torch.float64) if biased else None
    padded = F.pad(u.mT, (length - 1, 0))
    expected = F.conv1d(padded, weight[:, None], bias, groups=6).mT
    torch.testing.assert_close(causal_convolution(u, weight, bias), expected)
