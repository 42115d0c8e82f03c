"""The log-probabilities of a text, out of a server's answer to it.

Servers write tokens in different ways: as they stand in the text, with `▁` or `Ġ` for a space, `Ċ` or
`<0x0A>` for a newline, without white space, with a start token in front. So tokens are laid along the text
one after the other, and their places are not taken from `text_offset`, which counts what
the server wrote. An answer whose tokens do not make up the text is refused.

llama.cpp's Python server (0.3) writes the log-probabilities of a token one token too early where the model's
tokenizer adds no start token: those beside a token are of the one behind it. It then has none left for the
token that it wrote itself, and what it lists beside the last of the text has that token at its top, by which
it is recognised.
"""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from icl_bench.errors import ServerError

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_MARKS = str.maketrans({"▁": " ", "Ġ": " ", "Ċ": "\n"})
LEAST = -9_999.0  # what servers write for a probability of 0
_ROUNDING = 1e-2  # by which a logarithm may be above 0


class _Part(BaseModel):
    model_config = ConfigDict(strict=True)


class _LogProbabilities(_Part):
    tokens: list[str]
    token_logprobs: list[float | None]
    top_logprobs: list[dict[str, float] | None]


class _Choice(_Part):
    text: str
    logprobs: _LogProbabilities | None


class _Completion(_Part):
    choices: list[_Choice] = Field(min_length=1)


@dataclass(frozen=True)
class EchoedText:
    """A text in the tokens of a server, with what may stand in place of each."""

    tokens: list[str]  # as the server writes them
    ends: list[int]  # of each, its end in the text
    log_probabilities: list[float | None]  # of each; None where the server does not say
    alternatives: list[dict[str, float]]  # to each, by token; empty where the server does not say
    listed: int  # how many of the most probable tokens the server lists at a place
    is_early: bool  # whether log-probabilities were written beside the token before

    def token_at(self, place: int) -> int:
        """Which token holds a character of the text."""
        return next(j for j, end in enumerate(self.ends) if end > place)


def read_echo(content: bytes, text: str, address: str, is_early: bool = False) -> EchoedText:
    """What a server answers to a text; `is_early` where it wrote log-probabilities too early before.

    ServerError where the answer is no completion, has no log-probabilities of the text, or other tokens.
    """
    choice = _choice(content, address)
    listed = choice.logprobs
    if listed is None or not listed.tokens:
        raise _without_log_probabilities(address)
    if len({len(listed.tokens), len(listed.token_logprobs), len(listed.top_logprobs)}) > 1:
        raise _no_completion(address)
    tokens, ends = listed.tokens, _ends(listed.tokens, text)
    if not ends:
        echoed = choice.text.startswith(text)
        raise _other_tokens(address) if echoed else _without_echo(address)
    alternatives = [row or {} for row in listed.top_logprobs]
    own = listed.token_logprobs
    for number in (*own, *(each for row in alternatives for each in row.values())):
        if number is not None and not number <= _ROUNDING:
            raise ServerError(
                f"{address} lists numbers above 0 or NaN as log-probabilities; name another server",
                code="no-logarithms",
            )
    count, most = len(ends), _most_listed(tokens, alternatives)
    is_early = is_early or _is_early(listed, count, choice.text[len(text) :])
    if is_early:
        own, alternatives = [None] * count, [{}, *alternatives[: count - 1]]
    return EchoedText(tokens[:count], ends, list(own[:count]), alternatives[:count], most, is_early)


def plain(token: str) -> str:
    """A token as it stands in a text."""
    byte = _BYTE.fullmatch(token)
    return chr(int(byte[1], 16)) if byte else token.translate(_MARKS)


def with_character(token: str, from_end: int, character: str) -> str:
    """The token with another character, that many before its end."""
    if _BYTE.fullmatch(token):
        return f"<0x{ord(character):02X}>"
    place = len(token) - from_end
    return token[:place] + character + token[place + 1 :]


def _ends(tokens: list[str], text: str) -> list[int]:
    """Where each token ends that makes up the text, but for white space; nothing where they do not."""
    ends: list[int] = []
    place = 0
    for token in tokens:
        written, rest = plain(token), text[place:].lstrip()
        if text.startswith(written, place) and place < len(text):
            place += len(written)
        elif not rest:
            break
        elif rest.startswith(written):
            place = len(text) - len(rest) + len(written)
        elif place == 0 and written.startswith(" ") and text.startswith(written[1:]):
            place += len(written) - 1
        elif place > 0:
            return []
        ends.append(place)
    return ends if not text[place:].strip() else []


def _is_early(listed: _LogProbabilities, count: int, written: str) -> bool:
    """Whether log-probabilities stand beside the token before: see above. `written` by the server itself."""
    last = listed.top_logprobs[count - 1]
    if len(listed.tokens) > count or not written.strip() or not last:
        return False
    top = max(last, key=lambda token: last[token])
    return plain(top).strip() == written.strip() != plain(listed.tokens[count - 1]).strip()


def _most_listed(tokens: list[str], rows: list[dict[str, float]]) -> int:
    """How many of the most probable tokens are listed at a place, the token itself left aside where it is the
    least probable one: then it may be there only because it stands there."""
    counts: Counter[int] = Counter()
    for token, row in zip(tokens, rows, strict=True):
        if row:
            counts[len(row) - (row.get(token) == min(row.values()))] += 1
    return counts.most_common(1)[0][0] if counts else 0


def _choice(content: bytes, address: str) -> _Choice:
    try:
        return _Completion.model_validate_json(content).choices[0]
    except ValidationError as error:
        fault: dict[str, Any] = dict(error.errors(include_url=False, include_input=False)[0])
        if "logprobs" in fault["loc"]:
            raise _without_log_probabilities(address) from None
        raise _no_completion(address) from None


def _no_completion(address: str) -> ServerError:
    return ServerError(
        f"what {address} answers is no completion; write the address of a server of OpenAI's completions, "
        "up to /v1",
        code="no-completion",
    )


def _without_log_probabilities(address: str) -> ServerError:
    return ServerError(
        f"{address} answers without the log-probabilities of a prompt; choose a server that lists them, as "
        "vLLM, or llama.cpp's in Python with --logits_all true",
        code="no-log-probabilities",
    )


def _without_echo(address: str) -> ServerError:
    return ServerError(
        f"{address} lists what it writes and not the prompt; choose a server that honours `echo`, as vLLM, "
        "or llama.cpp's in Python",
        code="no-echo",
    )


def _other_tokens(address: str) -> ServerError:
    return ServerError(
        f"{address} lists tokens that do not make up the prompt; have it write tokens as texts, or choose "
        "another server",
        code="other-tokens",
    )
