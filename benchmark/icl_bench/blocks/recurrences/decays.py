"""Products of queries and keys with the decay between their tokens.

Log decays g ≤ 0 are (batch, heads, tokens, 1), one number a head, or (batch, heads, tokens, key). L_t is
their sum up to and with token t.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

Keys = Float[Tensor, "batch heads tokens key"]
Values = Float[Tensor, "batch heads tokens value"]
Decays = Float[Tensor, "batch heads tokens decays"]
Pairs = Float[Tensor, "batch heads tokens tokens"]

LEAST = -5.0  # of a log decay a key number: no token keeps less than 0.0067 of one
CHUNK = 16  # tokens: no exponent of a product is above -LEAST · CHUNK / 2


def decayed_products(
    later: Sequence[Keys], earlier: Sequence[Keys], log_decay: Decays | None
) -> Float[Tensor, "batch heads later tokens earlier tokens"]:
    """Σ_c later[t, c] earlier[s, c] exp(L_t[c] − L_s[c]) for s ≤ t, and 0 for others, of each of `later` with
    each of `earlier`; no decay for None.

    With one decay a head the exponents are the differences themselves, of sums in float64: those of float32
    would leave no more digits than a long sum has. With one a key number the exponentials of L_t and −L_s,
    both measured from the middle of the tokens, are multiplied into the factors.
    """
    tokens = later[0].shape[2]
    rows, columns = _beside(later), _beside(earlier)
    if log_decay is not None and log_decay.shape[-1] > 1:
        sums = log_decay.cumsum(2)
        sums = sums - sums[:, :, tokens // 2, None]
        rows = rows * _repeated(sums.exp(), len(later))
        columns = columns * _repeated((-sums).exp(), len(earlier))
    products = (rows @ columns.mT).unflatten(3, (-1, tokens)).unflatten(2, (-1, tokens))
    kept = torch.ones(tokens, tokens, dtype=rows.dtype, device=rows.device).tril()
    if log_decay is not None and log_decay.shape[-1] == 1:
        sums = log_decay.double().cumsum(2)
        kept = kept * (sums - sums.mT).tril().to(rows.dtype).exp()  # above the diagonal it could overflow
        return products * kept[:, :, None, :, None]
    return torch.where(kept[:, None].bool(), products, 0.0)


def _beside(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), dim=2)


def _repeated(factors: Tensor, times: int) -> Tensor:
    return factors if times == 1 else factors.repeat(1, 1, times, 1)


def sums_between(log_decay: Float[Tensor, "batch heads tokens 1"]) -> Pairs:
    """L_t − L_s for s ≤ t, and 0 for others: each a sum of its own, for a difference of long sums is known
    no better than these are."""
    return log_decay.expand(*log_decay.shape[:3], log_decay.shape[2]).tril(-1).cumsum(2)


def chunks(tokens: int, decays: int) -> list[slice]:
    """Parts of a prompt that are computed at once: all of it, or CHUNK tokens with a decay a key number."""
    size = tokens if decays == 1 else CHUNK
    return [slice(first, first + size) for first in range(0, tokens, size)]


def bounded(log_decay: Tensor) -> Tensor:
    """A log decay a key number as both forms of a recurrence take it."""
    return torch.clamp(log_decay, min=LEAST)


def log_sigmoid(logits: Tensor) -> Tensor:
    """log σ, as −log(e^(−x) + 1): torch's compiler is wrong about how the gradients of `logsigmoid` and
    `softplus` lie in memory."""
    return -torch.logaddexp(-logits, torch.zeros_like(logits))
