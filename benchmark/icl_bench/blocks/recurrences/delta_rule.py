"""The delta rule after a decay: S ← diag(e^g) S, then S ← S + k β (v − Sᵀ k)ᵀ, and o = Sᵀ q.

S is (key, value) of a head (Schlag et al. 2021, arXiv 2102.11174; gated: Yang et al. 2024, arXiv 2412.06464;
with a decay a key number: Kimi Linear, arXiv 2510.26692). The generalised rule removes and writes apart,
S ← S − b (aᵀ S) + k vᵀ after the decay, as RWKV-7 does (arXiv 2503.14456).

The form over all tokens: what a token writes (or removes) depends on what earlier ones wrote by a strictly
lower triangular matrix, which is solved once a head and chunk (Yang et al. 2024, arXiv 2406.06484).
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from icl_bench.blocks.kernels.delta_rule import compiled_delta_rule
from icl_bench.blocks.kernels.trains_on_cpu import takes_kernel
from icl_bench.blocks.recurrences.decays import CHUNK, Decays, Keys, Values, decayed_products
from icl_bench.blocks.together import along_batch

Strengths = Float[Tensor, "batch heads tokens 1"]

LONGEST = 64  # tokens that are solved for at once where there is one decay a head

# (S before, inputs, log decays, whether the chunk is the last) → the answers and S after; S is None for 0
_Chunk = Callable[[Tensor | None, Sequence[Tensor], Tensor | None, bool], tuple[Tensor, Tensor | None]]


def delta_rule_step(
    S: Tensor, q: Tensor, k: Tensor, v: Tensor, strength: Tensor, log_decay: Tensor | None
) -> tuple[Tensor, Tensor]:
    """The answer (batch, heads, value) of the next token, and S (batch, heads, key, value) after it."""
    if log_decay is not None:
        S = log_decay.exp()[..., None] * S
    missing = v - (k[..., None, :] @ S)[..., 0, :]
    S = S + k[..., :, None] @ (strength * missing)[..., None, :]
    return (q[..., None, :] @ S)[..., 0, :], S


def delta_rule(q: Keys, k: Keys, v: Values, strength: Strengths, log_decay: Decays | None) -> Values:
    """The answers at every token."""
    return along_batch(_delta_rule, q, k, v, strength, *([] if log_decay is None else [log_decay]))


def _delta_rule(q: Keys, k: Keys, v: Values, strength: Strengths, log_decay: Decays | None = None) -> Values:
    if takes_kernel(q, v):
        return compiled_delta_rule(q, k, strength * v, k, strength * k, log_decay)
    one_decay = log_decay is None or log_decay.shape[-1] == 1
    return _by_chunks(_delta_chunk, (q, k, v, strength), log_decay, LONGEST if one_decay else CHUNK)


def generalised_step(
    S: Tensor, q: Tensor, k: Tensor, v: Tensor, a: Tensor, b: Tensor, log_decay: Tensor
) -> tuple[Tensor, Tensor]:
    """As `delta_rule_step`, of the generalised rule."""
    S = log_decay.exp()[..., None] * S
    S = S - b[..., :, None] @ (a[..., None, :] @ S) + k[..., :, None] @ v[..., None, :]
    return (q[..., None, :] @ S)[..., 0, :], S


def generalised_delta_rule(
    q: Keys, k: Keys, v: Values, a: Keys, b: Keys, log_decay: Decays, chunk: int
) -> Values:
    """The answers at every token. The log decays of `chunk` tokens must sum to more than −88."""

    def of_all(q: Keys, k: Keys, v: Values, a: Keys, b: Keys, log_decay: Decays) -> Values:
        if takes_kernel(q, v):
            return compiled_delta_rule(q, k, v, a, b, log_decay)
        return _by_chunks(_generalised_chunk, (q, k, v, a, b), log_decay, chunk)

    return along_batch(of_all, q, k, v, a, b, log_decay)


def _by_chunks(chunk: _Chunk, inputs: Sequence[Tensor], log_decay: Tensor | None, size: int) -> Tensor:
    answers, S, tokens = [], None, inputs[0].shape[2]
    for first in range(0, tokens, size):
        part = slice(first, first + size)
        decay = None if log_decay is None else log_decay[:, :, part]
        o, S = chunk(S, [x[:, :, part] for x in inputs], decay, first + size >= tokens)
        answers.append(o)
    return answers[0] if len(answers) == 1 else torch.cat(answers, dim=2)


def _delta_chunk(
    S: Tensor | None, inputs: Sequence[Tensor], log_decay: Tensor | None, is_last: bool
) -> tuple[Tensor, Tensor | None]:
    q, k, v, strength = inputs
    sums = None if log_decay is None else log_decay.cumsum(2)
    products = decayed_products([k, q], [k], log_decay)[..., 0, :]
    missing = v if S is None else v - _decayed(k, sums) @ S
    written = _solved(strength * products[:, :, 0], strength * missing)
    o = products[:, :, 1] @ written
    if S is not None:
        o = o + _decayed(q, sums) @ S
    return o, None if is_last else _after(S, sums) + _left(k, sums).mT @ written


def _generalised_chunk(
    S: Tensor | None, inputs: Sequence[Tensor], log_decay: Tensor | None, is_last: bool
) -> tuple[Tensor, Tensor | None]:
    q, k, v, a, b = inputs
    sums = None if log_decay is None else log_decay.cumsum(2)
    products = decayed_products([a, q], [b, k], log_decay)
    read = products[:, :, 0, :, 1].tril(-1) @ v
    if S is not None:
        read = read + _decayed(a, sums) @ S
    removed = -_solved(products[:, :, 0, :, 0], read)
    o = products[:, :, 1].flatten(3) @ torch.cat([removed, v], dim=2)
    if S is not None:
        o = o + _decayed(q, sums) @ S
    if is_last:
        return o, None
    return o, _after(S, sums) + _left(k, sums).mT @ v + _left(b, sums).mT @ removed


def _solved(below: Tensor, right: Tensor) -> Tensor:
    """x of (1 + what is strictly below the diagonal) x = right; the rest of `below` is not read."""
    return torch.linalg.solve_triangular(below, right, upper=False, unitriangular=True)


def _decayed(x: Tensor, sums: Tensor | None) -> Tensor:
    """x_t with the decay since the chunk began."""
    return x if sums is None else x * sums.exp()


def _left(x: Tensor, sums: Tensor | None) -> Tensor:
    """x_t with the decay until the chunk ends."""
    return x if sums is None else x * (sums[:, :, -1:] - sums).exp()


def _after(S: Tensor | None, sums: Tensor | None) -> Tensor | float:
    """What a chunk leaves of S."""
    if S is None or sums is None:
        return 0.0 if S is None else S
    return sums[:, :, -1, :, None].exp() * S
