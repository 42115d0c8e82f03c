"""The address and the key of a server of language models, and what of them may be shown."""

import ipaddress
import os
import re
from urllib.parse import urlsplit

from icl_bench.errors import ServerError
from icl_bench.specs.text import shown

KEY_VARIABLE = "ICL_BENCH_API_KEY"
_PATH = "/completions"
_EXAMPLE = "http://localhost:8000/v1"
_PLAIN = re.compile(r"[!-~]+")  # ASCII without blanks and controls


def base_address(url: str) -> str:
    """The address below which a server completes texts, without `/completions` and a slash at its end.

    ServerError where it is none of HTTP, or holds what may be secret: a name and password, or a query.
    """
    if "@" in url:
        raise ServerError(
            f"the address of --endpoint holds a name or password; take it out, and set {KEY_VARIABLE} to the "
            "key that the server asks for",
            code="address-credentials",
        )
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, a bracket that is open
        usable = False
    if not usable or not _PLAIN.fullmatch(url) or parts.query or parts.fragment:
        raise ServerError(
            f"--endpoint {shown(url.partition('?')[0])} is no address of a server; write it up to /v1, "
            f"without a query, as {_EXAMPLE}",
            code="no-address",
        )
    return url.rstrip("#?").rstrip("/").removesuffix(_PATH).rstrip("/")


def is_loopback(address: str) -> bool:
    """Whether a server is on this machine, where no proxy stands between."""
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        return host == "localhost"


def api_key() -> str | None:
    """The key that the environment holds; None where it holds none. ServerError where it cannot be sent."""
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if key and not _PLAIN.fullmatch(key):
        raise ServerError(
            f"{KEY_VARIABLE} holds blanks, controls or letters outside ASCII, and is no key; set it again",
            code="unusable-key",
        )
    return key or None
