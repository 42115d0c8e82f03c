"""A torch module of one's own as a predictor: numpy in, numpy out."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from icl_bench.models.device import usable_device
from icl_bench.models.predictor import full_float32


class ModulePredictor:
    """`predict` of a module of (xs, ys) → predictions, float32 tensors of shape (batch, points, d or k).

    It computes on `device`, to which the module is moved, or where its parameters are. It answers as in
    evaluation mode; the modes of its parts are as before afterwards. InputError where the device does not
    exist.
    """

    def __init__(self, module: nn.Module, device: str | None = None) -> None:
        tensors = chain(module.parameters(), module.buffers())
        held = next((tensor.device for tensor in tensors), torch.device("cpu"))
        self.device = held if device is None else usable_device(device)
        self._module = module.to(self.device)

    def predict(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> np.ndarray:
        """What the module answers, whatever its shape."""
        with evaluating(self._module), torch.inference_mode(), full_float32():
            answer = self._module(self._tensor(xs), self._tensor(ys))
            return answer.float().cpu().numpy()

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.array(array, dtype=np.float32, order="C")).to(self.device)


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Every part of the module in evaluation mode, then as before."""
    training = [part for part in module.modules() if part.training]
    module.eval()
    try:
        yield
    finally:
        for part in training:
            part.training = True
