"""Showing a site that was built, to this machine alone."""

from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import BinaryIO

from icl_bench.errors import InputError
from icl_bench.leaderboard.links import MISSING_PAGE
from icl_bench.leaderboard.site_folder import is_site

HOST = "127.0.0.1"


class _Pages(SimpleHTTPRequestHandler):
    """Gives the files of the site: no list of a folder, nothing hidden, no word of each that is asked for."""

    def send_head(self) -> BytesIO | BinaryIO | None:
        """The file that is asked for, as the standard library finds it; None where there is none."""
        parts = Path(self.translate_path(self.path)).relative_to(self.directory).parts
        if any(part.startswith(".") or "\0" in part for part in parts):
            self._nothing()
            return None
        return super().send_head()

    def list_directory(self, path: str | PathLike[str]) -> None:
        """Not shown."""
        self._nothing()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """The site's own page for what is not there; else as the standard library has it."""
        page = Path(self.directory) / MISSING_PAGE
        if code != HTTPStatus.NOT_FOUND or not page.is_file():
            super().send_error(code, message, explain)
            return
        content = page.read_bytes()
        self.send_response(code, message)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _nothing(self) -> None:
        self.send_error(HTTPStatus.NOT_FOUND, "File not found")

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def server(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server of the site in a folder; InputError where there is none, or the port cannot be had."""
    if not is_site(folder):
        raise InputError(
            f"no site in {folder}; build one first: icl-bench leaderboard build --out {folder}",
            code="no-site",
        )
    try:
        return ThreadingHTTPServer((HOST, port), partial(_Pages, directory=str(folder)))
    except OSError as error:
        raise InputError(
            f"cannot serve on port {port}: {error.strerror}; choose another with --port"
        ) from None


def address_of(running: ThreadingHTTPServer) -> str:
    """Where a server answers: what it is bound to, not what that is called."""
    host, port = running.server_address[:2]
    return f"http://{host!s}:{port}/"
