"""The looks of models: one style a model, and so one colour, in every chart of the site."""

from functools import cache

from icl_bench.charts.styles import model_colour, model_style
from icl_bench.models.shipped import COLLECTIONS, shipped_names
from icl_bench.suites import suite_names


def style_of(name: str) -> int:
    """The style of a model in charts, for `Series.style`: by the order of shipped ones, else by its name."""
    return model_style(name, _ordered())


def colour_of(name: str) -> str:
    """The colour of that style, as a key of `charts.styles.COLOURS`."""
    return model_colour(name, _ordered())


@cache
def _ordered() -> list[str]:
    """The names of all shipped models, references first."""
    return [
        name
        for collection in COLLECTIONS
        for name in sorted({name for suite in suite_names() for name in shipped_names(collection, suite)})
    ]
