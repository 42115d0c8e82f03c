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
    code, fault = _fault(text, extended)
    if code:
        raise InputError(
            f"{option} {text!r}: {fault}; give an address as https://example.org/icl-bench", code=code
        )


def _fault(text: str, extended: bool) -> tuple[str, str]:
    """The code of the first fault, and what it is; empty where there is none."""
    if not text.lower().startswith(("https://", "http://")):
        return "address-scheme", "it does not begin with https:// or http://"
    if not _PLAIN.fullmatch(text):
        fault = "it holds a space, a quote or another character that must be written as % and two digits"
        return "address-character", fault
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:  # a port that is no number, brackets that do not match
        return "address-syntax", str(error)
    if "@" in parts.netloc:
        return "address-user", "it holds a user name or a password"
    if not host or not _HOST.fullmatch(host):
        return "address-host", "it has no host"
    if not extended and re.search("[?#]", text):
        return "address-query", "it has a query or a #"
    return "", ""
