"""The pages of a site as trees, and what they link to."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib
from html5lib.html5parser import ParseError

SVG = "{http://www.w3.org/2000/svg}"
LINKING = ("href", "src", "action", "data-page", "poster", "srcset", "{http://www.w3.org/1999/xlink}href")


@dataclass(frozen=True)
class Document:
    """A page: its path in the site, its text as it is in the file, and its elements."""

    path: str
    source: str
    root: Element

    @cached_property
    def elements(self) -> list[Element]:
        """All of them, in order; those of SVG have its namespace before their name."""
        return [element for element in self.root.iter() if isinstance(element.tag, str)]

    @cached_property
    def ids(self) -> list[str]:
        """Every id, as often as it is given."""
        return [element.attrib["id"] for element in self.elements if "id" in element.attrib]

    def all(self, tag: str) -> list[Element]:
        """The elements of one name."""
        return [element for element in self.elements if element.tag == tag]

    def links(self) -> Iterator[str]:
        """What it links to or loads, as written."""
        for element in self.elements:
            yield from (element.attrib[name] for name in LINKING if name in element.attrib)

    def target(self, link: str) -> tuple[str, str]:
        """The path in the site that a relative link leads to, and the fragment."""
        path, _, fragment = link.partition("#")
        if not path:
            return self.path, fragment
        return posixpath.normpath(posixpath.join(posixpath.dirname(self.path), path)), fragment


def text(element: Element) -> str:
    """What an element says, spaces as one."""
    return " ".join("".join(element.itertext()).split())


def having(element: Element, name: str) -> list[Element]:
    """What is of a class inside an element."""
    return [element for element in element.iter() if name in element.get("class", "").split()]


def read_site(folder: Path) -> dict[str, Document]:
    """Every page of a site by its path."""
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))
    return {path: read_page((folder / path).read_text(encoding="utf-8"), path) for path in paths}


def read_page(source: str, path: str) -> Document:
    """A page; ValueError where the parser of the HTML standard would have to mend it."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    try:
        root = parser.parse(source)
    except ParseError as error:
        line, column = parser.errors[-1][0]
        raise ValueError(f"{path}, line {line}, column {column}: {error}") from None
    return Document(path, source, root)
