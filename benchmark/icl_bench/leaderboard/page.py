"""A page before it is rendered, and a file of the site."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup


@dataclass(frozen=True)
class Page:
    """A page before it is rendered.

    Of the context, pictures alone are markup (see `picture`), and rows of differences, which
    `pages/differences.py` escapes. Where a context is long to make, it is given as what makes it.
    """

    path: str
    template: str
    title: str
    description: str
    context: Mapping[str, Any] | Callable[[], Mapping[str, Any]] = field(default_factory=dict)
    anywhere: bool = False  # whether it is given at addresses other than its path
    image: str | None = None  # the path of the picture that a link to it is shown with


@dataclass(frozen=True)
class File:
    """A file of the site: its path, with / between folders, and its content."""

    path: str
    content: bytes


@dataclass(frozen=True)
class LaterFile:
    """A file of the site before it is made, and what makes its content."""

    path: str
    make: Callable[[], str | bytes]

    def file(self) -> File:
        """It, made now."""
        content = self.make()
        return File(self.path, content.encode() if isinstance(content, str) else content)


def picture(svg: str) -> Markup:
    """Put SVG that was drawn here into a page as it is: its texts are escaped where they are drawn."""
    return Markup(svg)
