"""A small server of completions on a loopback port, as vLLM and llama.cpp's Python server answer, with faults
to order. Every request is kept in `requests`, its key in `keys`."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

SINGLE = (" 0", " 1", "\n", "Input", "Label", ":")  # a label is a token
DOUBLE = (" ", "0", "1", "\n", "Input", "Label", ":")  # a space and a digit
MERGED = (" ", "0", "1", "0\n", "1\n", "Input", "Label", ":")  # a digit and the newline
JOINED = (
    " ",
    "0",
    "1",
    "0\nLabel: ",
    "1\nLabel: ",
    "\n",
    "Input",
    "Label",
    ":",
)  # what stands before a label


class TinyModel:
    """A vocabulary of texts, and probabilities that follow from a hash of what stands before."""

    def __init__(self, vocabulary: Sequence[str], sharpness: float = 2.0) -> None:
        self.vocabulary = list(vocabulary)
        self._sharpness = sharpness

    def encode(self, texts: list[str]) -> list[list[int]]:
        """The numbers of the tokens of texts: the longest that fits, from the left."""
        return [self._encode(text) for text in texts]

    def log_probabilities(self, tokens: list[int]) -> np.ndarray:
        """Of every token behind each of `tokens`: (tokens, vocabulary)."""
        rows = []
        for count in range(1, len(tokens) + 1):
            seed = hashlib.sha256(bytes(tokens[:count])).digest()
            logits = self._sharpness * np.random.default_rng(list(seed)).normal(size=len(self.vocabulary))
            rows.append(logits - np.logaddexp.reduce(logits))
        return np.array(rows)

    def _encode(self, text: str) -> list[int]:
        tokens = []
        while text:
            token = max((each for each in self.vocabulary if text.startswith(each)), key=len)
            tokens.append(self.vocabulary.index(token))
            text = text[len(token) :]
        return tokens


@dataclass
class Reply:
    """A fault: what is answered in place of a completion."""

    status: int = 500
    body: bytes = b'{"error": {"message": "out of order"}}'
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False  # nothing is answered until the server ends
    sent: int | None = None  # bytes of the body that are sent; all for None


class CompletionsServer:
    """The server. Its attributes say how it answers; those of the constructor what."""

    def __init__(self, model: Any, name: str = "tiny", key: str | None = None) -> None:
        self.model, self.name, self.key = model, name, key
        self.faults: list[Reply] = []  # one a request, until there is none left
        self.most_alternatives = 20  # more are refused
        self.listed_alternatives: int | None = None  # at most so many are listed, however many are asked for
        self.echoes = self.lists = True
        self.early = False  # as llama.cpp's: log-probabilities beside the token before
        self.start: str | None = None  # a token in front
        self.written: Callable[[str], str] = lambda token: token  # how a token is written
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"server_of": self}))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    @contextmanager
    def running(self) -> Iterator["CompletionsServer"]:
        """Serve until the block ends; requests that hang are let go then."""
        thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield self
        finally:
            self.closing.set()
            self._http.shutdown()
            thread.join()
            self._http.server_close()

    def completion(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request in the form of OpenAI's."""
        prompt, count = request["prompt"], request["logprobs"]
        (tokens,) = self.model.encode([prompt])
        rows = list(self.model.log_probabilities(tokens))  # behind each token
        vocabulary = self.model.vocabulary
        generated = int(np.argmax(rows[-1]))
        listed = min(count, self.listed_alternatives or count)
        beside = [None, *rows[:-1]] if not self.early else rows
        entries = [self._entry(token, row, listed) for token, row in zip(tokens, beside, strict=True)]
        if self.early:
            entries[0] = (entries[0][0], None, None)
        else:
            entries.append(self._entry(generated, rows[-1], listed))
        if self.start is not None:
            entries.insert(0, (self.start, None, None))
        if not self.echoes:
            entries = entries[-1:]
        names, own, alternatives = map(list, zip(*entries, strict=True))
        logprobs = {"tokens": names, "token_logprobs": own, "top_logprobs": alternatives}
        text = (prompt if self.echoes else "") + vocabulary[generated]
        choice = {"index": 0, "text": text, "logprobs": logprobs if self.lists else None}
        return {"object": "text_completion", "model": self.name, "choices": [choice]}

    def _entry(self, token: int, row: np.ndarray | None, count: int) -> tuple[str, Any, Any]:
        name = self.written(self.model.vocabulary[token])
        if row is None:
            return name, None, None
        best = np.argsort(-row, kind="stable")[:count]
        alternatives = {self.written(self.model.vocabulary[each]): float(row[each]) for each in best}
        return name, float(row[token]), alternatives | {name: float(row[token])}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_of: CompletionsServer

    def do_POST(self) -> None:
        server = self.server_of
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server.requests.append(request)
        server.keys.append(self.headers["Authorization"])
        if server.faults:
            self._send(server.faults.pop(0))
        elif self.path != "/v1/completions":
            self._send(Reply(404, b'{"detail": "Not Found"}'))
        elif server.key is not None and self.headers["Authorization"] != f"Bearer {server.key}":
            said = f"no key {self.headers['Authorization']}"
            self._send(Reply(401, json.dumps({"error": {"message": said}}).encode()))
        elif request["model"] != server.name:
            self._send(Reply(404, b'{"error": {"message": "The model does not exist."}}'))
        elif request["logprobs"] > server.most_alternatives:
            self._send(Reply(400, b'{"error": {"message": "logprobs is too large"}}'))
        else:
            self._send(Reply(200, json.dumps(server.completion(request)).encode()))

    def _send(self, reply: Reply) -> None:
        if reply.hangs:
            self.server_of.closing.wait()
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body[: reply.sent])
        if reply.sent is not None:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""
