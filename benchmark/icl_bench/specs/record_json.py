"""How records are written and read: keys in a fixed order, each once, one line a list of numbers, no NaN."""

import json
import re
from typing import Any

from pydantic_core import from_json

_TEXT = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?')  # a key where a colon follows


def as_json(value: dict[str, Any]) -> str:
    """The text of a record's file."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    return re.sub(r"\[\n[\d\s.,e+-]*\]", lambda numbers: " ".join(numbers[0].split()), text) + "\n"


def in_ascii(text: str) -> str:
    """JSON as the same JSON in ASCII, which any stream takes."""
    return re.sub(r"[^\x00-\x7f]+", lambda match: json.dumps(match[0])[1:-1], text)


def as_data(text: str) -> Any:
    """The inverse of `as_json`. ValueError or RecursionError where a text is not JSON, or has a key twice."""
    try:
        value = from_json(text)  # several times as fast, and silent about duplicate keys
    except (ValueError, TypeError):  # the second is of half a surrogate pair
        return json.loads(text, object_pairs_hook=without_repeats)
    keys = sum(bool(colon) for colon in _TEXT.findall(text))
    return value if keys == _count_keys(value) else json.loads(text, object_pairs_hook=without_repeats)


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; ValueError at a duplicate key."""
    mapping: dict[str, Any] = {}
    for key, value in pairs:
        if key in mapping:
            raise ValueError(f"duplicate key {key!r:.60}")
        mapping[key] = value
    return mapping


def _count_keys(value: Any) -> int:
    """The keys of all objects, but of those in a list that begins with a number, as a record's do."""
    if isinstance(value, dict):
        return len(value) + sum(map(_count_keys, value.values()))
    if isinstance(value, list) and value and not isinstance(value[0], float):
        return sum(map(_count_keys, value))
    return 0
