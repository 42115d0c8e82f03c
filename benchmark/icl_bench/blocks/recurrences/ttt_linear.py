"""A linear model of keys that is trained while it is read: TTT-Linear (Sun et al. 2024, arXiv 2407.04620).

Public code: test-time-training/ttt-lm-pytorch, ttt.py. The model is f(x) = LN(x W + b), its loss at a token
½ |f(k) − (v − k)|². Every gradient of a chunk of tokens is taken at the W and b before the chunk, which are
`begun` here: e is that by k W + b. A token is answered by the model after its own gradient,
W′ = W − scale Σ rate k eᵀ over the tokens of the chunk so far, b′ alike: o = q + LN(q W′ + b′).

`scale` is a number of the token's place in its chunk, `rate` of each token and head.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from icl_bench.blocks.recurrences.decays import Keys, Values

EPSILON = 1e-6  # of LN, as at the source

Weights = tuple[Tensor, Tensor]  # of LN, (heads, value) each
Model = tuple[Tensor, Tensor]  # W (batch, heads, key, value) and b (batch, heads, value)


def layer_norm(z: Float[Tensor, "batch heads *tokens value"], weights: Weights) -> Tensor:
    """LN, each head with its own weights."""
    scale, shift = (x.view(x.shape[0], *[1] * (z.ndim - 3), -1) for x in weights)
    return F.layer_norm(z, z.shape[-1:], eps=EPSILON) * scale + shift


def errors(z: Float[Tensor, "batch heads *tokens value"], target: Tensor, weights: Weights) -> Tensor:
    """The gradient by z of ½ |LN(z) − target|²."""
    scale, shift = (x.view(x.shape[0], *[1] * (z.ndim - 3), -1) for x in weights)
    inverse = (z.var(-1, keepdim=True, unbiased=False) + EPSILON).rsqrt()
    normed = (z - z.mean(-1, keepdim=True)) * inverse
    slope = (normed * scale + shift - target) * scale
    along = (slope * normed).mean(-1, keepdim=True)
    return (slope - slope.mean(-1, keepdim=True) - normed * along) * inverse


def ttt_step(
    begun: Model,
    gradient: Model,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    rate: Tensor,
    scale: Tensor,
    weights: Weights,
) -> tuple[Tensor, Model, Model]:
    """The answer (batch, heads, value) of the next token, the model after it, and the sum of the chunk's
    gradients with it. `rate` is (batch, heads, 1), `scale` ()."""
    e = rate * errors(_applied(k, begun), v - k, weights)
    gradient = gradient[0] + k[..., :, None] @ e[..., None, :], gradient[1] + e
    now = begun[0] - scale * gradient[0], begun[1] - scale * gradient[1]
    return q + layer_norm(_applied(q, now), weights), now, gradient


def ttt(
    begun: Model, q: Keys, k: Keys, v: Values, rate: Tensor, scales: Float[Tensor, " chunk"], weights: Weights
) -> Values:
    """The answers at every token; `rate` is (batch, heads, tokens, 1), and as many tokens make a chunk as
    there are `scales`."""
    W, b = begun[0], begun[1][..., None, :]
    answers, size = [], scales.shape[0]
    for first in range(0, q.shape[2], size):
        queries, keys, values, rates = (x[:, :, first : first + size] for x in (q, k, v, rate))
        e = rates * errors(keys @ W + b, values - keys, weights)
        scale = scales[: keys.shape[2], None]
        # (q · k + 1): the 1 is b's part
        moved = scale * ((queries @ keys.mT + 1).tril() @ e)
        answers.append(queries + layer_norm(queries @ W + b - moved, weights))
        W, b = W - scale[-1] * (keys.mT @ e), b - scale[-1] * e.sum(-2, keepdim=True)
    return answers[0] if len(answers) == 1 else torch.cat(answers, dim=2)


def _applied(x: Tensor, model: Model) -> Tensor:
    W, b = model
    return (x[..., None, :] @ W)[..., 0, :] + b
