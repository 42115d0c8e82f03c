"""A small network trained on the context by gradient descent, from scratch for every context length."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from icl_bench.baselines.base import BASELINES, Baseline
from icl_bench.errors import InputError
from icl_bench.function_classes.streams import raw_words, uniform_index

LARGEST = 1e12  # beyond it gradients could leave float32
_AT_ONCE = 32  # prompts in one call: some seconds


@BASELINES.register
class TwoLayerNN(Baseline):
    """ŷ_i is the answer at x_i of a ReLU network with one hidden layer, trained on the context of i.

    Adam takes `steps` steps on the squared error at one context point each, drawn with replacement, in
    float32 from the initialisation of `torch.nn.Linear`: weights and biases uniform within ±1/√fan-in (Garg
    et al. 2022, arXiv 2208.01066, appendix). Initial weights and points are read from a random stream of
    this baseline's own: block i of it belongs to context length i, whatever the prompt. So one initial
    network serves all prompts at a context length. Another one would move the scores of all models together,
    which is in no interval: intervals resample prompts.
    """

    type: Literal["two_layer_nn"] = "two_layer_nn"
    summary: ClassVar[str] = "a ReLU network of 100 units, trained on the context by 1,000 Adam steps"
    cheap: ClassVar[bool] = False
    width: int = Field(default=100, ge=1, le=4_096)
    steps: int = Field(default=1_000, ge=1, le=1_000_000)
    rate: float = Field(default=5e-3, gt=0, le=1)

    def batch_size(self, points: int) -> int:
        """How many prompts to ask about at once, so that progress is seen."""
        return _AT_ONCE

    def numbers_per_prompt(self, points: int, d: int, k: int) -> int:
        """A network and its Adam state in one thread."""
        return 3 * self.width * (d + k + 1)

    def answers(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """One network a prompt and context length; see `kernels.two_layer_nn`. InputError beyond LARGEST."""
        from icl_bench.baselines.kernels.two_layer_nn import LANES, adam_factors, train_and_ask
        from icl_bench.compiled import call

        if max(np.abs(xs).max(initial=0), np.abs(ys).max(initial=0)) > LARGEST:
            raise InputError(
                f"two_layer_nn trains in float32; scale xs and ys to below {LARGEST:g}", code="beyond-float32"
            )
        xs, ys = xs.astype(np.float32), ys.astype(np.float32)
        padding = [(0, 0), (0, -self.width % LANES)]
        factors = adam_factors(self.rate, self.steps)
        predictions = np.zeros_like(ys)
        for i in range(1, xs.shape[1]):
            hidden, out, out_bias, order = self.drawn(i, xs.shape[2], ys.shape[2])
            start = np.pad(hidden, padding), np.pad(out, padding), out_bias
            call(train_and_ask, xs, ys, i, *start, order, *factors, predictions)
        return predictions.astype(np.float64)

    def drawn(self, i: int, d: int, k: int) -> tuple[np.ndarray, ...]:
        """What is random at context length i: where its network starts, and the point of each step.

        Returns the hidden layer (d + 1, width), biases in the last row, the output layer (k, width) and its
        biases (k), float32, and the points (steps) in [0, i), int64.
        """
        sizes = [(d + 1) * self.width, k * self.width, k]
        raw = raw_words("baseline/two_layer_nn", i, 1, sum(sizes) + self.steps)[0]
        hidden, out, out_bias, order = np.split(raw, np.cumsum(sizes))
        return (
            _uniform(hidden, d).reshape(d + 1, self.width),
            _uniform(out, self.width).reshape(k, self.width),
            _uniform(out_bias, self.width),
            uniform_index(order, i),
        )


def _uniform(raw: np.ndarray, fan_in: int) -> np.ndarray:
    """Uniform within ±1/√fan_in from the top 32 bits of each word."""
    centred = ((raw >> np.uint64(32)).astype(np.float64) + 0.5) * 2.0**-31 - 1
    return (centred / np.sqrt(fan_in)).astype(np.float32)
