"""What every block that carries something from token to token has beside its fast form: a step form."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

State = tuple[Tensor, ...]  # what is carried, each tensor with the batch first


class TokenMixer(nn.Module):
    """A module (batch, tokens, width) → (batch, tokens, width) that reads a token at a time as well.

    `forward` is the fast form, over all tokens at once. `start` and `next_token` are the definition: slow,
    readable, and what the size of the state is counted from. Tests hold one form against the other.
    """

    def start(self, batch: int) -> State:
        """What is carried before the first token."""
        raise NotImplementedError

    def next_token(
        self, h: Float[Tensor, "batch width"], state: State
    ) -> tuple[Float[Tensor, "batch width"], State]:
        """The answer at the next token, and what is carried on."""
        raise NotImplementedError

    def by_steps(self, h: Float[Tensor, "batch tokens width"]) -> Float[Tensor, "batch tokens width"]:
        """What `forward` computes, token by token."""
        state, answers = self.start(h.shape[0]), []
        for token in h.unbind(1):
            answer, state = self.next_token(token, state)
            answers.append(answer)
        return torch.stack(answers, dim=1)

    def zeros(self, *shape: int) -> Tensor:
        """Zeros like the weights: a state that nothing has been written to."""
        return next(self.parameters()).new_zeros(shape)
