"""From the probabilities of two labels to a prediction."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

LEAST_SHARE = 0.5  # of the probability; a model that gives the labels less does not answer the question


@dataclass(frozen=True)
class Answers:
    """What a language model answers to every point of some prompts."""

    log_probabilities: Float[np.ndarray, "prompts points 2"]  # of the labels 0 and 1, as natural logarithms

    @property
    def predictions(self) -> Float[np.ndarray, "prompts points 1"]:
        """2 p(1) / (p(0) + p(1)) − 1, in float32: the tangent of half the difference of the logarithms."""
        zero, one = np.moveaxis(self.log_probabilities, -1, 0)
        with np.errstate(invalid="ignore"):  # what is not finite is refused by the checks
            return np.tanh((one - zero) / 2)[:, :, None].astype(np.float32)

    @property
    def label_shares(self) -> Float[np.ndarray, "prompts points"]:
        """p(0) + p(1): the share of the probability that the two labels hold together."""
        return np.exp(np.logaddexp(*np.moveaxis(self.log_probabilities, -1, 0)))
