"""Changes of hidden states: by examples before the query, and by gradient steps on the same examples."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from icl_bench.models.initialise import initialise
from icl_bench.models.model import ICLModel
from icl_bench.models.predictor import full_float32
from icl_bench.models.steps import Stream
from icl_bench.probes.inside.states import query_states
from icl_bench.suites import Prompts

STEP = 0.01  # the length of a gradient step, over that of the weights it changes

Cosines = Float[np.ndarray, "prompts layers"]


def untrained(network: ICLModel) -> ICLModel:
    """The same network with the initial weights of seed 0."""
    control = copy.deepcopy(network)
    initialise(control, torch.Generator().manual_seed(0))
    return control


def similarities(network: ICLModel, prompts: Prompts) -> tuple[Cosines, Cosines]:
    """Of the last query of each prompt: the cosine of the change that its examples bring to its state and of
    that which a gradient step on them brings, after each layer; and the same with layer-causal steps."""
    network = copy.deepcopy(network).cpu()
    queries = prompts.xs if prompts.queries is None else prompts.queries.xs
    plain, causal = [], []
    with full_float32():
        for x, y, asked in zip(prompts.xs, prompts.ys, queries, strict=True):
            xs, ys, query = (torch.from_numpy(np.array(array)) for array in (x[:-1], y[:-1], asked[-1]))
            alone = query_states(network, query, xs[:0], ys[:0])
            change = _changes(query_states(network, query, xs, ys), alone)
            plain.append(_cosines(change, _changes(_after_step(network, xs, ys, query), alone)))
            causal.append(_cosines(change, _changes(_after_causal_steps(network, xs, ys, query), alone)))
    return np.array(plain), np.array(causal)


def _changes(after: Sequence[Tensor], before: Sequence[Tensor]) -> list[Tensor]:
    return [a - b for a, b in zip(after, before, strict=True)]


def _cosines(one_way: Sequence[Tensor], other_way: Sequence[Tensor]) -> list[float]:
    pairs = zip(one_way, other_way, strict=True)
    return [float(nn.functional.cosine_similarity(a, b, dim=0)) for a, b in pairs]


def _after_step(network: ICLModel, xs: Tensor, ys: Tensor, query: Tensor) -> list[Tensor]:
    """States of the query alone after one step of all weights on the examples, each asked alone."""
    loss = (network(xs[:, None], ys[:, None]) - ys[:, None]).square().mean()
    with _one_step_down(list(network.parameters()), loss):
        return query_states(network, query, xs[:0], ys[:0])


def _after_causal_steps(network: ICLModel, xs: Tensor, ys: Tensor, query: Tensor) -> list[Tensor]:
    """The same where each layer takes a step on the loss of its own answer, from the lowest up.

    A looped layer takes one in every loop, each from the weights that it was trained to.
    """
    states = []
    with torch.no_grad():
        examples = Stream(network.embed(xs[:, None], ys[:, None]))
        alone = Stream(network.embed(query[None, None], query.new_zeros(1, 1, network.k)))
    for step in network.steps:
        loss = (network.answer(network.advance(examples, step).h) - ys[:, None]).square().mean()
        with _one_step_down(list(network.layers[step.layer].parameters()), loss), torch.no_grad():
            examples, alone = network.advance(examples, step), network.advance(alone, step)
            states.append(alone.h[0, -1])
    return states


@contextmanager
def _one_step_down(weights: Sequence[nn.Parameter], loss: Tensor) -> Iterator[None]:
    """Meanwhile the weights stand one step down the gradient of a loss, STEP of their length away."""
    with torch.enable_grad():
        gradients = torch.autograd.grad(loss, weights, allow_unused=True, materialize_grads=True)
    before = [weight.detach().clone() for weight in weights]
    slope = float(sum(gradient.square().sum() for gradient in gradients)) ** 0.5
    size = float(sum(weight.square().sum() for weight in before)) ** 0.5
    with torch.no_grad():
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.sub_(gradient, alpha=STEP * size / slope if slope > 0 else 0.0)
    try:
        yield
    finally:
        with torch.no_grad():
            for weight, kept in zip(weights, before, strict=True):
                weight.copy_(kept)
