"""What one pass over a text is held against: every prefix tokenized and read anew."""

from typing import Any

import numpy as np
import torch

from icl_bench.suites.texts import prompt_text


def asked_anew(language_model: Any, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """log p(0) and log p(1) at every point, (points, 2), by a pass over each prefix.

    The tokens of a prefix with either label behind it are compared; probabilities of what follows the text up
    to `Label:`, shared tokens included, are multiplied up.
    """
    text = prompt_text(xs, ys)
    return np.array([_answer(language_model, text.before_label(i)) for i in range(len(xs))])


def _answer(language_model: Any, before: str) -> list[float]:
    (prefix,) = language_model.encode([before])
    zero, one = language_model.encode([f"{before} {label}\nInput: 0" for label in "01"])
    parted = next(place for place in range(len(zero)) if zero[place] != one[place])
    start = next((k for k in range(len(prefix)) if prefix[k] != zero[k]), len(prefix))
    with torch.inference_mode():
        last = parted - start + 1  # of the tokens: what follows each of them is asked for
        logits = language_model.module(torch.tensor([zero[:parted]]), logits_to_keep=last).logits[0]
    log_probabilities = torch.log_softmax(logits, dim=-1)
    shared = sum(float(log_probabilities[k, zero[start + k]]) for k in range(parted - start))
    return [shared + float(log_probabilities[-1, tokens[parted]]) for tokens in (zero, one)]
