"""A causal language model as a predictor: one pass over a prompt's text answers every point."""

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from icl_bench.errors import CheckpointError
from icl_bench.suites.texts import prompt_texts
from icl_bench.text.answers import Answers
from icl_bench.text.label_tokens import TokenizedPrompt, tokenize
from icl_bench.text.language_model import LanguageModel, one_line_errors

TOKENS_AT_ONCE = {"cpu": 4_096, "cuda": 32_768}  # of the prompts of a batch, together
_TOKENS_PER_POINT = 24  # by which a batch is sized before anything is tokenized


class LanguageModelPredictor:
    """`predict` of a language model that is in memory.

    Prompts are padded behind their last token, which a causal model does not see. The batch is chosen from
    sizes alone, so that a repeated evaluation repeats the arithmetic.
    """

    def __init__(self, language_model: LanguageModel) -> None:
        """language_model: loaded, on its device."""
        self.language_model = language_model
        self._module = language_model.module
        self._keeps = "logits_to_keep" in inspect.signature(self._module.forward).parameters
        self._shares: dict[bytes, np.ndarray] = {}

    @property
    def device(self) -> str:
        """Where it computes."""
        return self.language_model.device

    def batch_size(self, points: int) -> int:
        """Prompts a pass."""
        at_once = TOKENS_AT_ONCE.get(torch.device(self.device).type, TOKENS_AT_ONCE["cpu"])
        return max(1, at_once // (_TOKENS_PER_POINT * points))

    def predict(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points 1"]
    ) -> Float[np.ndarray, "batch points 1"]:
        """2 p(1) / (p(0) + p(1)) − 1 for every point of every prompt."""
        answers = self.answer(xs, ys)
        self._shares |= zip(_keys(xs, ys), answers.label_shares, strict=True)
        return answers.predictions

    def label_shares(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points 1"]
    ) -> Float[np.ndarray, "batch points"]:
        """What the two labels hold of the probability, of prompts that it has answered."""
        return np.stack([self._shares[key] for key in _keys(xs, ys)])

    def answer(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points 1"]
    ) -> Answers:
        """The probabilities of both labels at every point."""
        model = self.language_model
        prompts = [tokenize(model.encode, text, model.unknown, model.name) for text in prompt_texts(xs, ys)]
        longest = max(len(prompt.tokens) for prompt in prompts)
        if longest > (limit := self.language_model.max_tokens):
            raise CheckpointError(
                f"a prompt has {longest:,} tokens of {self.language_model.name} and it reads {limit:,}; "
                "choose a model with a longer context",
                code="context-too-short",
            )
        self._check_vocabulary(max(max(prompt.tokens) for prompt in prompts))
        places, log_probabilities = self._log_probabilities(prompts)
        row_of = {place: row for row, place in enumerate(places)}
        return Answers(
            np.stack(
                [
                    [_of_labels(label, rows, row_of, prompt.tokens) for label in prompt.labels]
                    for prompt, rows in zip(prompts, log_probabilities, strict=True)
                ]
            )
        )

    def _check_vocabulary(self, largest: int) -> None:
        """CheckpointError where the tokenizer has tokens that the model does not know."""
        known = self._module.get_input_embeddings().num_embeddings
        if largest >= known:
            raise CheckpointError(
                f"the tokenizer of {self.language_model.name} makes token {largest:,} and its model knows "
                f"{known:,}; use the tokenizer that belongs to it",
                code="tokenizer-of-another",
            )

    def _log_probabilities(self, prompts: Sequence[TokenizedPrompt]) -> tuple[list[int], torch.Tensor]:
        """After which tokens the next is asked for, and its log-probabilities: (prompts, those, words)."""
        longest = max(len(prompt.tokens) for prompt in prompts)
        tokens = torch.zeros(len(prompts), longest, dtype=torch.int64)
        mask = torch.zeros_like(tokens)
        asked: set[int] = set()
        for row, prompt in enumerate(prompts):
            tokens[row, : len(prompt.tokens)] = torch.tensor(prompt.tokens)
            mask[row, : len(prompt.tokens)] = 1
            asked |= {place - 1 for label in prompt.labels for place in range(label.start, label.place + 1)}
        places = sorted(asked)
        kept: dict[str, Any] = {"logits_to_keep": torch.tensor(places)} if self._keeps else {}
        with torch.inference_mode(), one_line_errors(self.language_model.name, "answer"):
            logits = self._module(
                input_ids=tokens.to(self.device), attention_mask=mask.to(self.device), use_cache=False, **kept
            ).logits
            logits = logits if self._keeps else logits[:, places]
            return places, torch.log_softmax(logits.float(), dim=-1).cpu()


def _of_labels(label: Any, rows: torch.Tensor, row_of: dict[int, int], tokens: list[int]) -> list[float]:
    """log p(0) and log p(1) after `Label:`, what they share included."""
    shared = sum(float(rows[row_of[place - 1], tokens[place]]) for place in range(label.start, label.place))
    return [shared + float(rows[row_of[label.place - 1], token]) for token in label.candidates]


def _keys(xs: np.ndarray, ys: np.ndarray) -> list[bytes]:
    """What distinguishes prompts: their bytes."""
    return [x.tobytes() + y.tobytes() for x, y in zip(xs, ys, strict=True)]
