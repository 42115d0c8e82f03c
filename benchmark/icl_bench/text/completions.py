"""A server that completes texts, asked for the log-probabilities of a text that is there already.

OpenAI's `POST …/completions` with `echo` and `logprobs`, as vLLM, llama.cpp's Python server and others serve
it. One request a text, and one token more: some servers refuse to write none, and llama.cpp's takes 0 for a
text without end. What fails for a while (no connection, an answer that is late or cut, 429, 5xx) is asked
again, each time after a longer pause; what the server refuses is not.

The key is sent to the server alone: redirects are not followed, and no message holds it.
"""

import email.utils
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from icl_bench.errors import ServerError
from icl_bench.specs.text import shown
from icl_bench.text.server_address import KEY_VARIABLE, api_key, base_address, is_loopback

MOST_ALTERNATIVES = 20  # of a token, that are asked for; vLLM lists no more unless it is told to
_FEWER_ALTERNATIVES = 5  # what OpenAI's own limit is
_QUOTED = 160  # characters of what a server says
_REFUSED = (400, 422)


@dataclass(frozen=True)
class Limits:
    """How long and how often a server is asked about one text."""

    connect: float = 10.0  # seconds until there is a connection
    answer: float = 600.0  # seconds until the answer is whole; llama.cpp's in Python takes minutes
    attempts: int = 5
    late_attempts: int = 2  # of them, that may be late
    first_pause: float = 0.5  # seconds; doubled each time
    longest_pause: float = 60.0  # seconds, whatever the server asks for
    largest: int = 64 * 2**20  # bytes of an answer


@dataclass(frozen=True)
class _Reply:
    """What a server answered."""

    status: int
    retry_after: str
    content: bytes


class CompletionsClient:
    """Asks one model of one server. `alternatives` is how many of each token it lists."""

    def __init__(
        self, url: str, model: str, limits: Limits | None = None, wait: Callable[[float], None] = time.sleep
    ) -> None:
        """url: as http://localhost:8000/v1. ServerError where it is none, or the key cannot be sent."""
        self.address, self.model = base_address(url), model
        self.alternatives = MOST_ALTERNATIVES
        self._limits, self._wait, self._random = limits or Limits(), wait, random.Random()
        self._key, self._tried_fewer = api_key(), False
        headers = {"Accept-Encoding": "identity"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        try:
            self._http = httpx.Client(
                headers=headers,
                timeout=httpx.Timeout(self._limits.answer, connect=self._limits.connect),
                limits=httpx.Limits(max_keepalive_connections=0),  # nothing is left open behind an answer
                follow_redirects=False,
                trust_env=not is_loopback(self.address),
            )
        except (ImportError, ValueError, httpx.InvalidURL):
            raise ServerError(
                "the proxy that the environment names cannot be used; check HTTP_PROXY, HTTPS_PROXY and "
                "ALL_PROXY, or unset them",
                code="unusable-proxy",
            ) from None

    def complete(self, text: str) -> bytes:
        """The body of the answer to a text: JSON, unless the server is none. ServerError where it refuses."""
        reply = self._ask(text)
        if reply.status in _REFUSED and not self._tried_fewer:
            self.alternatives = _FEWER_ALTERNATIVES
            reply = self._ask(text)
        self._tried_fewer = True
        if reply.status != 200:
            raise self._refusal(reply)
        return reply.content

    def _ask(self, text: str) -> _Reply:
        """What the server answers, asked again while it fails for a while; ServerError where it goes on."""
        request = {
            "model": self.model,
            "prompt": text,
            "max_tokens": 1,
            "temperature": 0,
            "echo": True,
            "logprobs": self.alternatives,
        }
        late = 0
        for attempt in range(1, self._limits.attempts + 1):
            asked_for = ""
            try:
                reply = self._post(request)
            except httpx.TimeoutException as error:
                late += 1
                fault = self._late(error)
            except (httpx.RequestError, httpx.InvalidURL, UnicodeError) as error:
                fault = self._unreachable(error)
            else:
                if reply.status != 429 and reply.status < 500:
                    return reply
                asked_for, fault = reply.retry_after, self._failure(reply)
            if late < self._limits.late_attempts and attempt < self._limits.attempts:
                self._wait(self._pause(attempt, asked_for))
            else:
                break
        raise fault

    def _post(self, request: dict[str, Any]) -> _Reply:
        """One request; `httpx.TimeoutException` where the answer is not whole in time."""
        deadline = time.monotonic() + self._limits.answer
        with self._http.stream("POST", f"{self.address}/completions", json=request) as response:
            content = bytearray()
            for part in response.iter_bytes():
                content += part
                if len(content) > self._limits.largest:
                    raise ServerError(
                        f"{self.address} answers with more than {self._limits.largest:,} bytes; name another "
                        "server",
                        code="answer-too-large",
                    )
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer goes on")
        return _Reply(response.status_code, response.headers.get("Retry-After", ""), bytes(content))

    def _pause(self, attempt: int, asked_for: str) -> float:
        """Seconds until the next attempt: what the server asks for, or longer each time, with jitter."""
        seconds = _seconds(asked_for)
        if seconds is None:
            seconds = self._limits.first_pause * 2 ** (attempt - 1) * self._random.uniform(0.5, 1.5)
        return min(seconds, self._limits.longest_pause)

    def _late(self, error: httpx.TimeoutException) -> ServerError:
        if isinstance(error, httpx.ConnectTimeout):
            return self._unreachable(error)
        return ServerError(
            f"{self.address} has not answered a prompt within {self._limits.answer:g} s; see whether it "
            "works, then run the command again: what is answered is kept",
            code="server-late",
        )

    def _unreachable(self, error: Exception) -> ServerError:
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.InvalidURL | UnicodeError):
            return ServerError(
                f"no server answers at {self.address}; start it, or check the address", code="no-server"
            )
        return ServerError(
            f"{self.address} broke off its answer; see whether it works, then run the command again: what is "
            "answered is kept",
            code="answer-cut",
        )

    def _failure(self, reply: _Reply) -> ServerError:
        """What is said of a server that fails each time."""
        if reply.status == 429:
            return ServerError(
                f"{self.address} takes no more requests for now; run the command again later: what is "
                "answered is kept",
                code="server-busy",
            )
        return ServerError(
            f"{self.address} fails with status {reply.status}{self._says(reply)}; see its log (llama.cpp's "
            "needs --logits_all true)",
            code="server-failed",
        )

    def _refusal(self, reply: _Reply) -> ServerError:
        """What is said of a server that will not answer."""
        says = self._says(reply)
        if reply.status in (401, 403):
            return ServerError(
                f"{self.address} refuses the key; set {KEY_VARIABLE} to one that it accepts",
                code="wrong-key",
            )
        if reply.status == 404 and "model" in says.lower():
            return ServerError(
                f"{self.address} serves no model {shown(self.model)}; name one that "
                f"{self.address}/models lists",
                code="no-served-model",
            )
        if reply.status in (404, 405, 501):
            return ServerError(
                f"{self.address}/completions is not there; write the address up to /v1, of a server that "
                "completes texts",
                code="no-completions",
            )
        if 300 <= reply.status < 400:
            return ServerError(
                f"{self.address} sends on to another address, which is not followed; write that one",
                code="server-redirects",
            )
        return ServerError(
            f"{self.address} refuses a prompt with status {reply.status}{says}; choose a model and a server "
            "that list log-probabilities of a whole prompt",
            code="prompt-refused",
        )

    def _says(self, reply: _Reply) -> str:
        """What the server says of a fault, as part of a line; never the key."""
        said = _message(reply.content)
        if self._key is not None:
            said = said.replace(self._key, "…")
        return f", saying {shown(said, _QUOTED)}" if said else ""


def _message(content: bytes) -> str:
    """The message in the body of a fault, in any of the forms that servers give it."""
    try:
        value: Any = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    for _ in range(2):  # {"error": {"message": …}}
        for key in ("error", "message", "detail"):
            if isinstance(value, dict) and key in value:
                value = value[key]
                break
    return value if isinstance(value, str) else ""


def _seconds(retry_after: str) -> float | None:
    """The seconds of a `Retry-After`, which may be a date; None where it says nothing."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        date = email.utils.parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if date.tzinfo is None:
        return None
    return max(0.0, (date - datetime.now(UTC)).total_seconds())
