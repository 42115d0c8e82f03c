"""Showing a site that was built, to this machine alone."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from icl_bench.errors import InputError
from icl_bench.leaderboard.paths import FRONT_PAGE

HOST = "127.0.0.1"


class _Quiet(SimpleHTTPRequestHandler):
    """Says nothing of each file that is asked for."""

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def server(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server of the folder's files; InputError where there is no site, or the port cannot be had."""
    if not (folder / FRONT_PAGE).is_file():
        raise InputError(f"no site in {folder}; build one first: icl-bench leaderboard build --out {folder}")
    try:
        return ThreadingHTTPServer((HOST, port), partial(_Quiet, directory=str(folder)))
    except OSError as error:
        raise InputError(
            f"cannot serve on port {port}: {error.strerror}; choose another with --port"
        ) from None
