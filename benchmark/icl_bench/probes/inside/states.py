"""States of a network's stream, layer by layer."""

import itertools
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from icl_bench.models.model import ICLModel
from icl_bench.models.predictor import full_float32
from icl_bench.models.steps import Step
from icl_bench.suites import Prompts


def depth_states(
    network: ICLModel, prompts: Prompts, steps: Sequence[Step]
) -> tuple[list[Float[np.ndarray, "prompts points width"]], list[Float[np.ndarray, "prompts points k"]]]:
    """The stream at the inputs before the first step and after each, and what the read-out makes of each."""
    device = next(network.parameters()).device
    xs, ys = (torch.from_numpy(np.array(array)).to(device) for array in (prompts.xs, prompts.ys))
    states, answers = [], []
    with torch.inference_mode(), full_float32():
        entering = network.embed(xs, ys)
        for h in itertools.chain([entering], network.states(entering, steps)):
            states.append(h[:, ::2].cpu().double().numpy())
            answers.append(network.answer(h[:, ::2]).cpu().double().numpy())
    return states, answers


@torch.no_grad()
def query_states(
    network: ICLModel,
    query: Float[Tensor, " d"],
    xs: Float[Tensor, "examples d"],
    ys: Float[Tensor, "examples k"],
) -> list[Float[Tensor, " width"]]:
    """The state of a query after each layer, with the examples before it; there may be none."""
    h = network.embed(torch.cat([xs, query[None]])[None], torch.cat([ys, ys.new_zeros(1, network.k)])[None])
    return [h[0, -1] for h in network.states(h)]
