"""Templates filled: every value is escaped, whatever the template is called; an unknown one is an error."""

from collections.abc import Callable, Iterator
from functools import cached_property, partial
from hashlib import sha256
from importlib.metadata import version

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from icl_bench.charts import stylesheet
from icl_bench.leaderboard import formats
from icl_bench.leaderboard.links import from_root, relative
from icl_bench.leaderboard.page import File, Page
from icl_bench.leaderboard.site import Site
from icl_bench.resources import data_folder

_FILTERS = (
    *("score", "interval", "signed", "p_value", "count", "short", "heat", "digits", "hash_head"),
    *("spaced", "heading", "learning", "plain_interval", "depth", "in_points", "of_labels"),
)


def template_environment() -> Environment:
    """Where templates are read and filled, with the filters that they use."""
    environment = Environment(
        loader=FileSystemLoader(data_folder("leaderboard") / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update({name: getattr(formats, name) for name in _FILTERS} | {"zip": zip})
    return environment


class Renderer:
    """Renders the pages of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._version = version("icl-bench")
        self._folder = data_folder("leaderboard")
        self._environment = template_environment()

    def render(self, page: Page) -> File:
        """The file of a page."""
        template = self._environment.get_template(page.template)
        text = template.render(
            page=page,
            site=self._site,
            to=self._links(page),
            css=self._css.path,
            js=self._js.path,
            version=self._version,
            **(page.context() if callable(page.context) else page.context),
        )
        return File(page.path, text.encode())

    def _links(self, page: Page) -> Callable[[str], str]:
        if page.anywhere:
            return partial(from_root, address=self._site.address)
        return partial(relative, page=page.path)

    def assets(self) -> Iterator[File]:
        """Stylesheet, script and icon; a changed one has another name, so that no old one is kept."""
        yield self._css
        yield self._js
        yield File("assets/icon.svg", (self._folder / "icon.svg").read_bytes())

    @cached_property
    def _css(self) -> File:
        return _named("css", self._joined("style.css", "board.css") + stylesheet().encode())

    @cached_property
    def _js(self) -> File:
        return _named("js", self._joined("script.js", "pairs.js", "rows.js", "board.js", "charts.js"))

    def _joined(self, *names: str) -> bytes:
        return b"".join((self._folder / name).read_bytes() for name in names)


def _named(ending: str, content: bytes) -> File:
    return File(f"assets/site-{sha256(content).hexdigest()[:12]}.{ending}", content)
