"""Rotary angles are kept between calls; those made while predicting must serve training too."""

import torch

from icl_bench.blocks.positions import RotaryPositions


def test_angles_made_while_predicting_can_be_trained_with() -> None:
    rotary = RotaryPositions(8)
    qk = torch.randn(2, 5, 2, 3, 8)
    with torch.inference_mode():
        predicted = rotary(qk)
    leaf = qk.clone().requires_grad_()
    rotated = rotary(leaf)
    rotated.sum().backward()
    assert torch.equal(rotated.detach(), predicted)
    assert leaf.grad is not None
