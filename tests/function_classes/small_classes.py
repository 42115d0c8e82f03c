"""Every registered function class at a small size, so that a new one is tested by being registered."""

import numpy as np

from icl_bench.function_classes.base import FunctionClass, Inputs, Parameters, Targets
from icl_bench.function_classes.streams import raw_words
from icl_bench.specs.suite import FUNCTION_CLASSES

DIMS, OTHER_SIZES, POINTS = 5, 2, 7
STANDARD_ERRORS = 5
NAMES = list(FUNCTION_CLASSES.entries())


def small(name: str) -> FunctionClass:
    """`dims` is 5 and every other size that must be given is 2."""
    fields = FUNCTION_CLASSES.entries()[name].model_fields.items()
    sizes = {field: DIMS if field == "dims" else OTHER_SIZES for field, info in fields if info.is_required()}
    return FUNCTION_CLASSES.parse({"type": name, **sizes})


def draw(
    function_class: FunctionClass, prompts: int, points: int = POINTS, start: int = 0, key: str = "tests"
) -> tuple[Inputs, Targets, Parameters]:
    """Prompts of a stream that no suite has."""
    raw = raw_words(key, start, prompts, function_class.words(points))
    xs, parameters = function_class.sample(raw, points)
    return xs, function_class.evaluate(parameters, xs), parameters


def stated() -> list[str]:
    """The classes that state the mean of y given x."""
    return [name for name in NAMES if small(name).prior_mean(np.zeros((0, POINTS, DIMS))) is not None]


def assert_mean_is_zero(residuals: np.ndarray) -> None:
    """Residuals (functions, …) of functions drawn independently have the mean 0, within sampling error."""
    standard_error = residuals.std(axis=0) / np.sqrt(len(residuals))
    assert (np.abs(residuals.mean(axis=0)) <= STANDARD_ERRORS * standard_error + 1e-6).all()


def same(a: Parameters, b: Parameters) -> bool:
    """Whether two sets of parameters are the same bits."""
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)
