"""icl-bench: a benchmark of in-context learning, with frozen prompts, exact predictors and intervals.

>>> import icl_bench
>>> record = icl_bench.evaluate(my_predictor, suite="mini")  # doctest: +SKIP
>>> record.to_frame()  # doctest: +SKIP
"""

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from icl_bench.evaluation.run import evaluate as evaluate
    from icl_bench.records.read import load_record as load_record

__version__ = version("icl-bench")

_LAZY = {"evaluate": "icl_bench.evaluation.run", "load_record": "icl_bench.records.read"}


def __getattr__(name: str) -> Any:
    """The public functions, imported at first use, so that `import icl_bench` itself is quick."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])
