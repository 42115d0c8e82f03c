"""Faults of declarative files in words: where in the file, what is wrong, and what to write in its place."""

from typing import Any

from icl_bench.specs.names import PATTERN_WORDS

Location = tuple[Any, ...]  # keys and indices

# in place of Pydantic's words, which name classes of Python or say nothing of the remedy
_WORDS = {
    "model_type": "give a mapping of keys to values",
    "dict_type": "give a mapping of keys to values",
    "list_type": "give a list",
    "string_type": "write text, in quotes where it reads as something else",
    "int_type": "write a whole number",
    "float_type": "write a number",
    "bool_type": "write true or false",
}
_LENGTHS = {"too_short": ("at least", "min_length"), "too_long": ("at most", "max_length")}


def fault_message(location: Location, fault: Any) -> str:
    """One fault of Pydantic, as it describes it, in a line: where, what, and what to do."""
    if fault["type"] == "missing":
        parent = _place(location[:-1])
        return f"missing key {str(location[-1])!r}{' in ' + parent if parent else ''}; add it"
    message = _WORDS.get(fault["type"], fault["msg"].removeprefix("Value error, "))
    if fault["type"] == "string_pattern_mismatch":
        message = PATTERN_WORDS[fault["ctx"]["pattern"]]
    if fault["type"] in _LENGTHS:
        least_or_most, bound = _LENGTHS[fault["type"]]
        message = f"give {least_or_most} {fault['ctx'][bound]:,}"
    place = _place(location)
    value_shown = "" if fault["type"] == "value_error" else f" (given: {short_value(fault['input'])})"
    return f"{place + ': ' if place else ''}{message}{value_shown}"


def _place(location: Location) -> str:
    place = ""
    for part in location:
        name = str(part) if str(part).isprintable() and len(str(part)) <= 200 else short_value(part)
        place += f"[{part}]" if isinstance(part, int) else f".{name}" if place else name
    return place


def short_value(value: Any) -> str:
    """A value as a message shows it: at most 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def missing_keys(places: list[Location]) -> str:
    """All that are missing, by the mapping that lacks them."""
    by_parent: dict[str, list[str]] = {}
    for place in places:
        by_parent.setdefault(_place(place[:-1]), []).append(repr(str(place[-1])))
    return "; ".join(
        ", ".join(keys) + (f" in {parent}" if parent else "") for parent, keys in by_parent.items()
    )
