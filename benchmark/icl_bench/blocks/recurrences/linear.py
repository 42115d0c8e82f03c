"""Linear attention with decay: S ← diag(e^g) S + k vᵀ, o = Sᵀ q, with S (key, value) of a head.

Katharopoulos et al. 2020 (arXiv 2006.16236) without their normaliser; with one decay a head RetNet
(arXiv 2307.08621) and Mamba-2 (arXiv 2405.21060), with one a key number GLA (arXiv 2312.06635).
"""

import torch
from torch import Tensor

from icl_bench.blocks.kernels.delta_rule import compiled_delta_rule
from icl_bench.blocks.kernels.trains_on_cpu import takes_kernel
from icl_bench.blocks.recurrences.decays import Decays, Keys, Values, chunks, decayed_products
from icl_bench.blocks.together import along_batch


def linear_step(
    S: Tensor, q: Tensor, k: Tensor, v: Tensor, log_decay: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The answer (batch, heads, value) of the next token, and S (batch, heads, key, value) after it."""
    if log_decay is not None:
        S = log_decay.exp()[..., None] * S
    S = S + k[..., :, None] @ v[..., None, :]
    return (q[..., None, :] @ S)[..., 0, :], S


def linear_attention(q: Keys, k: Keys, v: Values, log_decay: Decays | None = None) -> Values:
    """The answers at every token."""
    if log_decay is None:
        return (q @ k.mT).tril() @ v
    return along_batch(_with_decay, q, k, v, log_decay)


def _with_decay(q: Keys, k: Keys, v: Values, log_decay: Decays) -> Values:
    if log_decay.shape[-1] > 1 and takes_kernel(q, v):  # one decay a head costs two products
        nothing = k[..., :0]
        return compiled_delta_rule(q, k, v, nothing, nothing, log_decay)
    answers, S, parts = [], None, chunks(q.shape[2], log_decay.shape[-1])
    for part in parts:
        of_queries, of_keys, of_values = q[:, :, part], k[:, :, part], v[:, :, part]
        decay = log_decay[:, :, part]
        o = decayed_products([of_queries], [of_keys], decay)[:, :, 0, :, 0] @ of_values
        sums = decay.cumsum(2)
        if S is not None:
            o = o + (of_queries * sums.exp()) @ S
        answers.append(o)
        if part is not parts[-1]:
            kept = (of_keys * (sums[:, :, -1:] - sums).exp()).mT @ of_values
            S = kept if S is None else kept + sums[:, :, -1, :, None].exp() * S
    return _joined(answers)


def _joined(answers: list[Tensor]) -> Tensor:
    return answers[0] if len(answers) == 1 else torch.cat(answers, dim=2)
