"""Where a tokenizer puts the labels of a text: at which token the two labels part.

A tokenizer may make ` 0` one token, or a space and a digit, or a digit with the newline behind it. The text
is tokenized as it is and with one label flipped; the first token in which they differ tells the labels apart.
What stands between `Label:` and that token is what the labels share.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from icl_bench.errors import CheckpointError
from icl_bench.suites.texts import LABELS, PromptText

Encode = Callable[[list[str]], list[list[int]]]  # texts to the numbers of their tokens


@dataclass(frozen=True)
class LabelToken:
    """Where one label of a tokenized text is told apart."""

    start: int  # the first token after `Label:`
    place: int  # the token in which the labels differ; those from `start` to here are shared
    candidates: tuple[int, int]  # what stands there for the labels 0 and 1


@dataclass(frozen=True)
class TokenizedPrompt:
    """A text in tokens."""

    tokens: list[int]
    labels: list[LabelToken]  # of each point


def tokenize(
    encode: Encode, prompt: PromptText, unknown: int | None = None, model: str = "the model"
) -> TokenizedPrompt:
    """A text in tokens with its labels.

    CheckpointError, about `model`, where the tokenizer does not tell labels apart, or makes one of them the
    token `unknown`, which stands for whatever it does not know.
    """
    points = range(len(prompt.labels))
    flipped = [prompt.with_other_label(i) for i in points]
    before = [prompt.before_label(i) for i in points]
    (tokens,), flipped_tokens, before_tokens = encode([prompt.text]), encode(flipped), encode(before)
    labels = []
    for i in points:
        place = _common(tokens, flipped_tokens[i])
        ends = place in (len(tokens), len(flipped_tokens[i]))
        candidates = (-1, -1) if ends else (tokens[place], flipped_tokens[i][place])
        if ends or unknown in candidates:
            raise CheckpointError(
                f"the tokenizer of {model} does not tell the labels 0 and 1 apart; choose a model that reads "
                "digits",
                code="labels-alike",
            )
        start = min(place, _common(tokens, before_tokens[i]))
        if prompt.text[prompt.labels[i]] == LABELS[1]:
            candidates = candidates[::-1]
        labels.append(LabelToken(start, place, candidates))
    return TokenizedPrompt(tokens, labels)


def _common(some: Sequence[int], others: Sequence[int]) -> int:
    """How many tokens two texts begin with alike."""
    for place, (token, other) in enumerate(zip(some, others, strict=False)):
        if token != other:
            return place
    return min(len(some), len(others))
