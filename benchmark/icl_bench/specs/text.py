"""Text that strangers write and others read: bounded, printable, and without markup."""

import re
import unicodedata
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator

# drawn as nothing, and to Unicode neither white space nor unprintable; then marks that only choose between
# looks of a character, of which one can hide any number (Default_Ignorable_Code_Point, Unicode 16)
_DRAWN_AS_NOTHING = re.compile(
    "[\u115f\u1160\u2800\u3164\uffa0\U0001d159"
    "\u034f\u17b4\u17b5\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
MAX_MARKS = 4  # marks on one character; a pile of them is drawn over its neighbours
MAX_LINES = 40  # of a text that may have several
_MARKUP = re.compile(r"<[A-Za-z/!?]")
_HOST = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
_LINK = re.compile(rf"https://{_HOST}(?:[/?#][a-z0-9._~:/?#@!$&()*+,;=%-]*)?", re.IGNORECASE)
_HOST_OF = re.compile(r"https://([a-z0-9.-]+)", re.IGNORECASE)
# endings of names inside a network (RFC 2606, 6761, 6762, 7686, 8375; ICANN for .internal; common elsewhere)
_PRIVATE = (
    *("corp", "home", "home.arpa", "internal", "intranet", "invalid", "lan"),
    *("local", "localdomain", "localhost", "onion", "private", "test"),
)
MAX_LINK = 300


def text_fault(text: str, most: int, lines: bool = False) -> str | None:
    """What is wrong with a text of at most `most` characters, and the remedy; None where nothing is.

    Characters that cannot be printed (controls, overrides of the direction of writing, zero widths, blanks,
    variation selectors) are refused, and so is markup. `lines` allows line ends.
    """
    if not text.strip():
        return "is empty; write something, or leave the key out where it is optional"
    if len(text) > most:
        return f"has {len(text):,} characters and at most {most:,} are shown; shorten it"
    character = first_unseen(text.replace("\n", "") if lines else text)
    if character is not None:
        name = unicodedata.name(character, "a control character")
        return f"holds U+{ord(character):04X} ({name}), which cannot be printed; take it out"
    if _MARKUP.search(text):
        return "holds markup, which is not shown as such; write plain text"
    if _longest_pile(text) > MAX_MARKS:
        return f"piles more than {MAX_MARKS} marks on one character; take them off"
    if len(text.splitlines()) > MAX_LINES:
        return f"has more than {MAX_LINES} lines; shorten it"
    return None


def first_unseen(text: str) -> str | None:
    """The first character that cannot be printed or is drawn as nothing, None where all are seen."""
    if text.isprintable() and not _DRAWN_AS_NOTHING.search(text):
        return None
    return next(each for each in text if not each.isprintable() or _DRAWN_AS_NOTHING.match(each))


def plain_text(most: int, lines: bool = False) -> AfterValidator:
    """A validator of text fields: see `text_fault`."""

    def check(text: str) -> str:
        fault = text_fault(text, most, lines)
        if fault:
            raise ValueError(f"the text {fault}")
        return text

    return AfterValidator(check)


def checked_by(check: Callable[[str], str | None]) -> AfterValidator:
    """A validator from a function that says what is wrong with a value, or None."""

    def validate(text: str) -> str:
        fault = check(text)
        if fault:
            raise ValueError(fault)
        return text

    return AfterValidator(validate)


def shown(text: str, most: int = 60) -> str:
    """A text of unknown content as part of a message: quoted, escaped and short."""
    quoted = ascii(text[: most + 1])
    return quoted if len(quoted) <= most else f"{quoted[:most]}…'"


def _link_fault(link: str) -> str | None:
    if len(link) > MAX_LINK:
        return f"the link has {len(link):,} characters and at most {MAX_LINK} are accepted; shorten it"
    host = _HOST_OF.match(link)
    private = host is not None and f".{host[1].lower()}".endswith(tuple(f".{ending}" for ending in _PRIVATE))
    if private or not _LINK.fullmatch(link):
        return (
            f"{shown(link)} is not a link that is accepted; write https://, the name of a public host "
            "without user or port, and a path in ASCII"
        )
    return None


def _longest_pile(text: str) -> int:
    longest = pile = 0
    for character in text:  # Thai and enclosing marks have no combining class
        pile = pile + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        longest = max(longest, pile)
    return longest


Link = Annotated[str, checked_by(_link_fault)]
