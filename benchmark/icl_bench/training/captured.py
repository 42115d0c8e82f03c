"""A training step recorded once as a CUDA graph, and carried out again with one call.

A step of a small model is some thousand kernels of a few microseconds; a GPU waits for the CPU to start each.
A graph starts all of them at once, on the memory that they were recorded with: prompts are copied there, and
rates are held there (`RecipeOptimiser.keep_rates_on_device`).
"""

from collections.abc import Callable

import torch
from torch import Tensor

WARM_UP = 3  # steps that are made as they are: optimisers make their moments in the first

Step = Callable[[Tensor, Tensor], Tensor]  # (xs, ys) -> losses; everything else it does is in place
Recorder = Callable[[Callable[[], object]], Callable[[], object]]


class RecordedStep:
    """`step`, for prompts of one shape. Losses that are returned are overwritten by the next call."""

    def __init__(self, step: Step, record: Recorder) -> None:
        self._step, self._record = step, record
        self._calls = 0
        self._again: Callable[[], object] | None = None

    def __call__(self, xs: Tensor, ys: Tensor) -> Tensor:
        if self._calls < WARM_UP:
            self._calls += 1
            self._losses = _beside(xs.device, lambda: self._step(xs, ys))
            return self._losses
        if self._again is None:
            self._xs, self._ys, self._losses = xs.clone(), ys.clone(), self._losses.clone()
            self._again = self._record(lambda: self._losses.copy_(self._step(self._xs, self._ys)))
        self._xs.copy_(xs, non_blocking=True)
        self._ys.copy_(ys, non_blocking=True)
        self._again()
        return self._losses


def as_cuda_graph(work: Callable[[], object]) -> Callable[[], object]:
    """Record what `work` starts on the GPU, without carrying it out; what is returned carries it out."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


def _beside(device: torch.device, work: Callable[[], Tensor]) -> Tensor:
    """`work` on a stream of its own, as a graph is recorded: autograd keeps nothing of the default one."""
    if device.type != "cuda":
        return work()
    stream = torch.cuda.Stream(device)
    stream.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(stream):
        result = work()
    torch.cuda.current_stream(device).wait_stream(stream)
    return result
