"""Addresses inside the site. All links are relative, so that it works under any base path and from a disk."""

import posixpath
import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from urllib.parse import urlsplit

FRONT_PAGE = "index.html"
MISSING_PAGE = "404.html"
_PLAIN = re.compile(r"[a-z0-9][a-z0-9._-]*(__[a-z0-9._-]+)?")


def slugs(names: Sequence[str]) -> dict[str, str]:
    """A name for each that is safe in a path and of no other: `user/model` becomes `user__model`.

    What has other characters, or differs from another in capitals alone, gets some digits of its hash.
    """
    slugs_by_name: dict[str, str] = {}
    for name in names:
        slug = re.sub(r"[^a-z0-9._-]+", "-", name.lower().replace("/", "__", 1)).strip(".-") or "model"
        plain = name.replace("/", "__", 1)
        unsafe = slug != plain or not _PLAIN.fullmatch(slug) or slug == "index"
        slugs_by_name[name] = f"{slug[:80]}-{sha256(name.encode()).hexdigest()[:8]}" if unsafe else slug
    return slugs_by_name


def relative(target: str, page: str) -> str:
    """The link from a page to another file of the site, both as paths from its root."""
    path, hash_mark, place = target.partition("#")
    if path == page:
        return hash_mark + place if place else posixpath.basename(page)
    return _from_folder(path, posixpath.dirname(page) or ".") + hash_mark + place


def from_root(target: str, address: str | None) -> str:
    """The link to a file of the site from wherever a page is given, by the path of the site's address."""
    root = urlsplit(address).path if address else "/"
    return (root or "/") + target


@lru_cache(maxsize=10_000)
def _from_folder(path: str, folder: str) -> str:
    return posixpath.relpath(path, folder)
