"""A small Hub on a loopback port: what `huggingface_hub` asks of the real one, with faults to order.

Weights are answered as the Hub answers large files: a redirect to another host name, with their size, hash
and commit in its headers. Every request is kept in `requests` as `METHOD /path`.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

from hub_handler import Handler
from hub_repository import Repo


class HubServer:
    """The server. `cut` and `stall` order faults: a body broken off, a kind of request never answered, one
    answer to everything."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.requests: list[str] = []
        self.cut: dict[str, int] = {}  # file name: bytes of its body that are sent
        self.sizes: dict[str, int] = {}  # file name: the size that is claimed for it
        self.listed: dict[str, str] = {}  # file name: the SHA-256 that is claimed for it
        self.renamed: dict[str, str] = {}  # repository: the name that it has by now
        self.forbidden: set[str] = set()  # names of repositories that nobody may make
        self.stall: set[str] = set()  # of "api", "body", "commit", "upload"
        self.answer: bytes | None = None  # to whatever is asked, with status 200
        self.uploads: dict[str, bytes] = {}  # by sha256
        self.closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"hub": self}))
        self._http.daemon_threads = True
        self.port = self._http.server_port
        self.url = f"http://127.0.0.1:{self.port}"

    def repo(self, name: str, files: dict[str, bytes], **rights: bool) -> Repo:
        """A repository with one commit on main."""
        self.repos[name] = Repo(**rights)
        self.repos[name].commit(files)
        return self.repos[name]

    def asked_files(self) -> set[str]:
        """The names of the files that were asked for, by HEAD or GET."""
        return {line.split("/resolve/")[1].split("/", 1)[1] for line in self.requests if "/resolve/" in line}

    @contextmanager
    def running(self) -> Iterator["HubServer"]:
        """Serve until the block ends; requests that stall are let go then."""
        thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield self
        finally:
            self.closing.set()
            self._http.shutdown()
            thread.join()
            self._http.server_close()
