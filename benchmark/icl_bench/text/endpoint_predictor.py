"""A language model behind an address as a predictor: one request a prompt answers every point."""

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Float

from icl_bench.environment import SERVER
from icl_bench.errors import ServerError
from icl_bench.suites.texts import LABELS, PromptText, prompt_texts
from icl_bench.text.answers import Answers
from icl_bench.text.completions import CompletionsClient
from icl_bench.text.echoed_text import LEAST, EchoedText, read_echo, with_character
from icl_bench.text.kept_answers import KeptAnswers


class EndpointPredictor:
    """`predict` of a model that a server answers for.

    A server lists log-probabilities of the N most probable tokens at a place, N at most 20. The labels are
    told apart by the first token in which they differ, where the other label is written as elsewhere in the
    prompt, else with the other digit in the same token. A label that is not among the N is given the
    probability of the least of them, which is the most that it can have, whether it is the one that the text
    holds or not: so no answer depends on the target, and the share of the labels is never too small. Answers
    are kept in a file, and nothing in it is asked again.
    """

    device = SERVER

    def __init__(self, client: CompletionsClient, kept: KeptAnswers) -> None:
        """kept: the file of answers."""
        self._client, self._kept, self._is_early = client, kept, False

    def batch_size(self, points: int) -> int:
        """Prompts a call: one, so that the progress bar moves with each."""
        return 1

    def predict(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points 1"]
    ) -> Float[np.ndarray, "batch points 1"]:
        """2 p(1) / (p(0) + p(1)) − 1 for every point of every prompt."""
        return self.answer(xs, ys).predictions

    def label_shares(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points 1"]
    ) -> Float[np.ndarray, "batch points"]:
        """What the two labels hold of the probability; prompts that it has answered are not asked again."""
        return np.minimum(self.answer(xs, ys).label_shares, 1)  # a server may round

    def answer(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points 1"]
    ) -> Answers:
        """The probabilities of both labels at every point."""
        return Answers(np.stack([self._of_prompt(prompt) for prompt in prompt_texts(xs, ys)]))

    def _of_prompt(self, prompt: PromptText) -> Float[np.ndarray, "points 2"]:
        """Kept, or asked for."""
        answer = self._kept.answer(prompt.text)
        if answer is not None and len(answer) == len(prompt.labels):
            return answer
        content = self._client.complete(prompt.text)
        echoed = read_echo(content, prompt.text, self._client.address, self._is_early)
        self._is_early = echoed.is_early
        answer = label_log_probabilities(echoed, prompt, self._client.alternatives, self._client.address)
        self._kept.keep(prompt.text, answer)
        return answer


def label_log_probabilities(
    echoed: EchoedText, prompt: PromptText, asked: int, address: str
) -> Float[np.ndarray, "points 2"]:
    """log p(0) and log p(1) at every label, with those of the tokens between `Label:` and them that both
    share.

    asked: how many alternatives to each token the server was asked for. ServerError where it lists fewer than
    two, or none at a label.
    """
    listed = min(asked, echoed.listed)
    if listed < 2:
        raise ServerError(
            f"{address} lists fewer than two alternatives to a token; choose a server that lists more",
            code="no-alternatives",
        )
    probability = _probability(echoed, listed, address)
    rows = []
    for first, zero, one in _spellings(echoed, prompt):
        parted = next(i for i, (some, other) in enumerate(zip(zero, one, strict=False)) if some != other)
        shared = sum(_shared(echoed, i, probability) for i in range(first, first + parted))
        rows.append([shared + probability(first + parted, label[parted]) for label in (zero, one)])
    return np.maximum(np.array(rows, np.float64), LEAST)


def _spellings(echoed: EchoedText, prompt: PromptText) -> Iterator[tuple[int, list[str], list[str]]]:
    """For every label the first token behind `Label:`, or the one that ends in it, and the tokens from there
    on with either label."""
    spans = {place: _span(echoed, place) for place in prompt.labels}
    apart = [place for place, (first, _) in spans.items() if first and echoed.ends[first - 1] == place - 1]
    seen = {prompt.text[place]: place for place in apart}
    for place, (first, _) in spans.items():
        spelt: list[list[str]] = []
        for label in LABELS:
            like = seen[label] if place in apart and label in seen else place
            start, end = spans[like]
            flipped = with_character(echoed.tokens[end], echoed.ends[end] - like, label)
            spelt.append([*echoed.tokens[start:end], flipped])
        yield first, spelt[0], spelt[1]


def _span(echoed: EchoedText, place: int) -> tuple[int, int]:
    """The first token behind `Label:`, or the one that ends in it, and the token that holds the label."""
    last, colon = echoed.token_at(place), echoed.token_at(place - 2)
    first = colon + 1 if echoed.ends[colon] < place else colon
    return min(first, last), last


def _probability(echoed: EchoedText, listed: int, address: str) -> Callable[[int, str], float]:
    """The logarithm of the probability of a token at a place, or its bound: see `EndpointPredictor`."""

    def log_probability(i: int, name: str) -> float:
        row = echoed.alternatives[i]
        if not row:
            raise ServerError(
                f"{address} lists no alternatives to a label; choose a server that lists them at every token "
                "of a prompt",
                code="no-alternatives",
            )
        least = sorted(row.values(), reverse=True)[:listed][-1]
        return max(row.get(name, least), least)

    return log_probability


def _shared(echoed: EchoedText, i: int, probability: Callable[[int, str], float]) -> float:
    """The logarithm of the probability of a token that the labels share."""
    own = echoed.log_probabilities[i]
    return probability(i, echoed.tokens[i]) if own is None else own
