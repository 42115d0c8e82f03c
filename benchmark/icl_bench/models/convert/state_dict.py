"""A state dict whose tensors are taken one by one, each of a known shape; what nobody takes is a fault."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from icl_bench.errors import CheckpointError
from icl_bench.models.wrapped import wrapper_fault

FLOATS = (torch.float32, torch.float16, torch.bfloat16)
STATE = "model_state_dict"


class Weights:
    """The tensors of a file below a prefix. Messages give names in full, as in the file."""

    def __init__(
        self, tensors: Mapping[str, Tensor], source: str, prefix: str = "", left: set[str] | None = None
    ) -> None:
        self.source = source
        self._tensors = tensors
        self._prefix = prefix
        self._left = set(tensors) if left is None else left

    def under(self, prefix: str) -> "Weights":
        """Those below a longer prefix; what is taken there counts as taken here."""
        return Weights(self._tensors, self.source, self._prefix + prefix, self._left)

    def __contains__(self, name: str) -> bool:
        return self._prefix + name in self._tensors

    def children(self) -> set[str]:
        """The names below the prefix, up to their first dot."""
        inside = [name for name in self._tensors if name.startswith(self._prefix)]
        return {name.removeprefix(self._prefix).split(".")[0] for name in inside}

    def left(self) -> list[str]:
        """The names in the file that nobody took, sorted."""
        return sorted(self._left)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor; CheckpointError where there is none of that name."""
        return tuple(self._find(name).shape)

    def take(self, name: str, *shape: int) -> Tensor:
        """A tensor of this shape in float32, in memory of its own."""
        tensor = self.take_buffer(name, *shape)
        if tensor.dtype not in FLOATS:
            raise CheckpointError(
                f"{self.source}: {self._prefix + name} is stored as {tensor.dtype}; save it as float32",
                code="tensor-type",
            )
        return tensor.to(torch.float32, copy=True).contiguous()

    def take_buffer(self, name: str, *shape: int) -> Tensor:
        """A tensor of this shape as it is stored, mapped from the file."""
        tensor = self._find(name)
        if tuple(tensor.shape) != shape:
            raise CheckpointError(
                f"{self.source}: {self._prefix + name} has shape {list(tensor.shape)}, and the other tensors "
                f"need {list(shape)}; give a whole file",
                code="tensor-shape",
            )
        if tensor.device.type != "cpu" or tensor.layout != torch.strided:
            raise CheckpointError(
                f"{self.source}: {self._prefix + name} is not a dense tensor; save it as one",
                code="tensor-type",
            )
        if tensor.untyped_storage().nbytes() < tensor.numel() * tensor.element_size():
            fault = f"{self._prefix + name} has fewer bytes than it claims"
            raise CheckpointError(f"{self.source}: {fault}; save it again", code="damaged-weights")
        self._left.discard(self._prefix + name)
        return tensor

    def ignore(self, name: str) -> None:
        """Leave out a tensor that no prompt reads, where there is one."""
        self._left.discard(self._prefix + name)

    def finish(self) -> None:
        """CheckpointError where tensors are left that nobody took."""
        if self._left:
            first, others = min(self._left), len(self._left) - 1
            more = f" and {others:,} more" if others else ""
            raise CheckpointError(
                f"{self.source} has a tensor {first!r:.100}{more} that has no place in icl-bench's format; "
                "only models of the formats' own code can be converted",
                code="tensor-without-place",
            )

    def _find(self, name: str) -> Tensor:
        tensor = self._tensors.get(self._prefix + name)
        if tensor is None:
            raise CheckpointError(
                f"{self.source} lacks the tensor {self._prefix + name!r}; give a checkpoint of one of the "
                "formats that `icl-bench models convert --help` names",
                code="missing-tensor",
            )
        return tensor


def state_dict(saved: Any, source: str) -> Weights:
    """The weights of a training state, or of a bare state dict; CheckpointError where it is neither."""
    tensors = saved.get(STATE, saved) if isinstance(saved, dict) else None
    if not isinstance(tensors, dict) or not tensors:
        raise CheckpointError(
            f"{source} holds no {STATE} and is no state dict; give a checkpoint of training",
            code="no-state-dict",
        )
    for name, tensor in tensors.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise CheckpointError(
                f"{source}: {name!r:.80} is not a tensor; give a checkpoint of training", code="no-state-dict"
            )
    wrapped = wrapper_fault(tensors)
    if wrapped:
        raise CheckpointError(f"{source}: {wrapped}", code="wrapped-model")
    return Weights(tensors, source)
