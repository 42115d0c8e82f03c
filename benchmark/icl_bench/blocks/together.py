"""Operations inside `torch.func.vmap`, by which several models of one architecture are trained together.

vmap stacks the models' tensors on an axis that the blocks do not see, and knows what torch's own operations
do along it. This module adds rules for what it does not know, such as a kernel of ours, and for what it
knows of one model at a time only. Outside vmap an operation is called unchanged.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Operation = Callable[..., Tensor]


def along_batch(operation: Operation, *tensors: Tensor) -> Tensor:
    """An operation without weights, of tensors with a batch axis first: the models' batches are made one."""
    return _Joined.apply(operation, *tensors) if any_stacked(tensors) else operation(*tensors)


def one_by_one(operation: Operation, *tensors: Tensor) -> Tensor:
    """An operation with weights among its tensors: called once a model."""
    return _Separate.apply(operation, *tensors) if any_stacked(tensors) else operation(*tensors)


def any_stacked(tensors: tuple[Tensor, ...]) -> bool:
    """Whether one of them is of several models at once."""
    if torch.compiler.is_compiling():  # models that are trained together are not compiled
        return False
    return any(torch._C._functorch.is_batchedtensor(tensor) for tensor in tensors)


class _InVmap(torch.autograd.Function):
    """The form in which vmap asks; the rule's own operations are differentiated as any others are."""

    @staticmethod
    def forward(operation: Operation, *tensors: Tensor) -> Tensor:
        raise RuntimeError("this operation is for vmap alone; call it as it is")

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Nothing is kept: no backward pass comes here."""


class _Joined(_InVmap):
    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], operation: Operation, *tensors: Tensor) -> Any:
        """Models and batch are one axis while the operation is carried out."""
        stacked = first_axis(info.batch_size, in_dims[1:], tensors)
        joined = operation(*(tensor.flatten(0, 1) for tensor in stacked))
        return joined.unflatten(0, (info.batch_size, -1)), 0


class _Separate(_InVmap):
    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], operation: Operation, *tensors: Tensor) -> Any:
        """The results of one model after the other, stacked."""
        stacked = first_axis(info.batch_size, in_dims[1:], tensors)
        return torch.stack([operation(*of_one) for of_one in zip(*stacked, strict=True)]), 0


def first_axis(size: int, dims: tuple[int | None, ...], tensors: tuple[Tensor, ...]) -> list[Tensor]:
    """Every tensor with the models' axis first, also one that they share."""
    return [
        tensor.expand(size, *tensor.shape) if dim is None else tensor.movedim(dim, 0)
        for dim, tensor in zip(dims, tensors, strict=True)
    ]
