"""A trained model as a predictor: numpy in, numpy out, float32, in batches of a size that repeats."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from icl_bench.errors import InputError
from icl_bench.models.device import usable_device
from icl_bench.models.model import ICLModel
from icl_bench.specs.suite import prompt_tokens

# Bytes of activations that one batch may hold. On a CPU 8 MiB is the best of those tried, for attention and
# Mamba at mini and paper size; 128 MiB, out of the caches, is up to 1.7 times slower. A GPU wants more.
ACTIVATION_BYTES = {"cpu": 8 * 2**20, "cuda": 512 * 2**20}
MAX_BATCH = 4_096


class ModelPredictor:
    """`predict` of a checkpoint, on one device.

    The batch is chosen from sizes alone, never from free memory, so that a repeated evaluation repeats its
    bits. Where the device is out of memory it is halved. Weights of another precision are cast to float32,
    in a copy of the model, and autocasting does not reach it. InputError where the device does not exist.
    """

    def __init__(self, model: ICLModel, device: str = "cpu") -> None:
        self.device = usable_device(device)
        self.model = _in_float32(model).to(self.device).eval()

    def batch_size(self, points: int) -> int:
        """How many prompts of `points` points go through the model at once."""
        tokens = prompt_tokens(points)
        target = ACTIVATION_BYTES["cpu" if self.device.type == "cpu" else "cuda"]
        widest = widest_activation(self.model)
        return max(1, min(MAX_BATCH, target // (4 * tokens * widest)))

    def predict(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """Predictions (batch, points, k) in float32; prediction i reads only xs[:, :i+1] and ys[:, :i].

        InputError where d or k is not the model's, SpecError where the prompt is longer than its positions.
        """
        self._check_shapes(xs, ys)
        size = self.batch_size(xs.shape[1])
        predictions = np.empty(ys.shape, dtype=np.float32)
        done = 0
        uncast = torch.autocast(self.device.type, enabled=False)
        with torch.inference_mode(), uncast, full_float32():
            while done < len(xs):
                batch = slice(done, done + size)
                try:
                    predictions[batch] = self._forward(xs[batch], ys[batch])
                except torch.OutOfMemoryError:
                    size = self._halved(size)
                else:
                    done += size
        return predictions

    def _forward(self, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
        return self.model(self._tensor(xs), self._tensor(ys)).cpu().numpy()

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.array(array, dtype=np.float32, order="C")).to(self.device)

    def _halved(self, size: int) -> int:
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if size == 1:
            raise InputError(
                f"one prompt of {self.model.architecture.name} does not fit the memory of {self.device}; "
                "use --device cpu",
                code="out-of-memory",
            )
        return size // 2

    def _check_shapes(self, xs: np.ndarray, ys: np.ndarray) -> None:
        if xs.ndim != 3 or ys.ndim != 3 or xs.shape[:2] != ys.shape[:2]:
            raise InputError(
                f"xs {xs.shape} and ys {ys.shape} are not prompts; "
                "give (batch, points, d) and (batch, points, k)",
                code="not-prompts",
            )
        d, k = xs.shape[2], ys.shape[2]
        if (d, k) != (self.model.d, self.model.k):
            raise InputError(
                f"the checkpoint is for d = {self.model.d}, k = {self.model.k} ({self.model.task}) and the "
                f"prompts have d = {d}, k = {k}; choose the task that it was trained for",
                code="other-sizes",
            )


def widest_activation(model: ICLModel) -> int:
    """About how many numbers one token holds at once: the outputs of every linear map of the widest sublayer.

    A map of n × m weights has m outputs for n inputs, so a sublayer's weights over the width count them.
    """
    width = model.architecture.width
    sublayers = model.architecture.built()
    return 2 * width + max(sublayer.module.parameters(width) for sublayer in sublayers) // width


def _in_float32(model: ICLModel) -> ICLModel:
    """The model itself where it is in float32, else a copy that is."""
    tensors = (*model.parameters(), *model.buffers())
    if all(tensor.dtype == torch.float32 for tensor in tensors if tensor.is_floating_point()):
        return model
    return copy.deepcopy(model).float()


@contextmanager
def full_float32() -> Iterator[None]:
    """Matrix products and convolutions in float32 proper: TF32 and bfloat16 shortcuts off, then as before."""
    switches = _float32_switches()
    before = [getattr(owner, name) for owner, name, _ in switches]
    for owner, name, full in switches:
        setattr(owner, name, full)
    try:
        yield
    finally:
        for (owner, name, _), value in zip(switches, before, strict=True):
            setattr(owner, name, value)


def _float32_switches() -> list[tuple[Any, str, Any]]:
    """What shortens float32 in torch: where it is set, under which name, and its value for full precision.

    Since torch 2.9 every operation has a switch of its own, and reading the older ones fails where a program
    has set the new ones.
    """
    backends: Any = torch.backends
    if hasattr(backends.cuda.matmul, "fp32_precision"):
        owners = (backends.cuda.matmul, backends.cudnn.conv, backends.mkldnn.matmul, backends.mkldnn.conv)
        return [(owner, "fp32_precision", "ieee") for owner in owners]
    return [(owner, "allow_tf32", False) for owner in (backends.cuda.matmul, backends.cudnn)]
