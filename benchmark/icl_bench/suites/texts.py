"""A prompt as a text, which pretrained language models read.

Every point is `Input: 0 1 1 0 1\\nLabel: 1\\n`, with 0 for −1. A text is a chain of prefixes: what stands
before a label is a prompt of its own, so one pass over the text answers every point.

Source: Bhattamishra et al. 2023 (arXiv 2310.03016), whose prompts these are after.

>>> text = prompt_text(np.array([[1, -1], [-1, -1]], np.float32), np.array([[1], [-1]], np.float32))
>>> text.text
'Input: 1 0\\nLabel: 1\\nInput: 0 0\\nLabel: 0\\n'
>>> [text.text[place] for place in text.labels]
['1', '0']
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from icl_bench.errors import InputError

LABELS = "01"  # of the targets −1 and 1


@dataclass(frozen=True)
class PromptText:
    """A text and where in it the labels are."""

    text: str
    labels: tuple[int, ...]  # of each point, the place of the label's character

    def with_other_label(self, i: int) -> str:
        """The text with label i flipped."""
        place = self.labels[i]
        flipped = LABELS[1 - LABELS.index(self.text[place])]
        return self.text[:place] + flipped + self.text[place + 1 :]

    def before_label(self, i: int) -> str:
        """What stands before label i, up to `Label:`."""
        return self.text[: self.labels[i] - 1]


def prompt_text(xs: Float[np.ndarray, "points d"], ys: Float[np.ndarray, "points k"]) -> PromptText:
    """The text of a prompt of signs, a target of 0 as −1; InputError where an input is 0, or targets are
    several. A target that is asked for may be 0: nothing that stands before its label tells of it."""
    if ys.shape[1:] != (1,) or not xs.all():
        raise InputError(
            "a text is of prompts with inputs of -1 and 1 and one such target; give a task of a suite that "
            "is asked in text",
            code="no-text",
        )
    text, labels = "", []
    for x, y in zip(xs, ys[:, 0], strict=True):
        text += f"Input: {' '.join(LABELS[int(bit > 0)] for bit in x)}\nLabel: "
        labels.append(len(text))
        text += f"{LABELS[int(y > 0)]}\n"
    return PromptText(text, tuple(labels))


def prompt_texts(
    xs: Float[np.ndarray, "prompts points d"], ys: Float[np.ndarray, "prompts points k"]
) -> list[PromptText]:
    """The texts of several prompts."""
    return [prompt_text(*prompt) for prompt in zip(xs, ys, strict=True)]


def texts_hash(xs: Float[np.ndarray, "prompts points d"], ys: Float[np.ndarray, "prompts points k"]) -> str:
    """SHA-256 of the texts in UTF-8, each with an empty line behind it: what a lock holds of them."""
    digest = hashlib.sha256()
    for prompt in prompt_texts(xs, ys):
        digest.update(f"{prompt.text}\n".encode())
    return digest.hexdigest()
