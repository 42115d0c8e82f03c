"""Addresses that users give: pages link to them, quote them in commands and hand them on."""

import re
from urllib.parse import urlsplit

from icl_bench.errors import InputError

# RFC 3986 without quotes and parentheses, which end an address where it is quoted
_PLAIN = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&*+,;=%-]+")
_HOST = re.compile(r"(?!.*\.\.)[a-z0-9]([a-z0-9._-]*[a-z0-9])?\.?|[0-9a-f.]*:[0-9a-f:.]*")  # a name, or IPv6


def check_address(text: str, option: str, extended: bool = False) -> None:
    """InputError where `text`, given as `option`, is no plain http or https address with a host.

    Without `extended` it is an address that others begin with: no query, no fragment.
    """
    fault = _fault(text) or (None if extended or not re.search("[?#]", text) else "it has a query or a #")
    if fault:
        raise InputError(f"{option} {text!r}: {fault}; give an address as https://example.org/icl-bench")


def _fault(text: str) -> str | None:
    if not text.lower().startswith(("https://", "http://")):
        return "it does not begin with https:// or http://"
    if not _PLAIN.fullmatch(text):
        return "it holds a space, a quote or another character that must be written as % and two digits"
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:  # a port that is no number, brackets that do not match
        return str(error)
    if "@" in parts.netloc:
        return "it holds a user name or a password"
    return None if host and _HOST.fullmatch(host) else "it has no host"
