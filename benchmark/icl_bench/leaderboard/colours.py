"""The looks of models: one style a model, and so one colour, in every chart of the site."""

from functools import cache

from icl_bench.charts.styles import model_colour, model_style
from icl_bench.models.reference import PREFIX, reference_names
from icl_bench.suites import suite_names


def style_of(name: str) -> int:
    """The style of a model in charts, for `Series.style`: references by their order, others by their name."""
    return model_style(name, _ordered())


def colour_of(name: str) -> str:
    """The colour of that style, as a key of `charts.styles.COLOURS`."""
    return model_colour(name, _ordered())


@cache
def _ordered() -> list[str]:
    """The names of all references, sorted."""
    return sorted({PREFIX + name for suite in suite_names() for name in reference_names(suite)})
