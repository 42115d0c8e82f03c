"""icl-bench: a benchmark of in-context learning, with frozen prompts, exact predictors and intervals.

>>> import icl_bench
>>> record = icl_bench.evaluate("baseline/least_squares", suite="mini", tasks="linear_regression")
>>> record.to_frame()[["task", "score"]]
                task  score
0  linear_regression    1.0
"""

import importlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from icl_bench.display.chart import chart as chart
    from icl_bench.errors import CheckError as CheckError
    from icl_bench.errors import CheckpointError as CheckpointError
    from icl_bench.errors import HubError as HubError
    from icl_bench.errors import ICLBenchError as ICLBenchError
    from icl_bench.errors import InputError as InputError
    from icl_bench.errors import ResultWarning as ResultWarning
    from icl_bench.errors import ServerError as ServerError
    from icl_bench.errors import SpecError as SpecError
    from icl_bench.errors import StorageError as StorageError
    from icl_bench.errors import SuiteError as SuiteError
    from icl_bench.errors import UnknownNameError as UnknownNameError
    from icl_bench.evaluation.run import evaluate as evaluate
    from icl_bench.models.load import load_model as load_model
    from icl_bench.probes.run import probe as probe
    from icl_bench.ranking.compare import compare as compare
    from icl_bench.ranking.effects import effects as effects
    from icl_bench.records.read import load_record as load_record
    from icl_bench.submissions.submit import submit as submit
    from icl_bench.suites.catalogue import load_suite as load_suite
    from icl_bench.suites.new import new_suite as new_suite
    from icl_bench.suites.training_prompts import training_prompts as training_prompts
    from icl_bench.training.sweep import sweep as sweep
    from icl_bench.training.train import TrainingStopped as TrainingStopped
    from icl_bench.training.train import train as train

__version__ = version("icl-bench")

_FUNCTIONS = {  # by name, their modules, imported at first use: `import icl_bench` itself is quick
    "chart": "icl_bench.display.chart",
    "compare": "icl_bench.ranking.compare",
    "effects": "icl_bench.ranking.effects",
    "evaluate": "icl_bench.evaluation.run",
    "load_model": "icl_bench.models.load",
    "load_record": "icl_bench.records.read",
    "load_suite": "icl_bench.suites.catalogue",
    "new_suite": "icl_bench.suites.new",
    "probe": "icl_bench.probes.run",
    "submit": "icl_bench.submissions.submit",
    "sweep": "icl_bench.training.sweep",
    "train": "icl_bench.training.train",
    "training_prompts": "icl_bench.suites.training_prompts",
}

_ERRORS = dict.fromkeys(
    (
        "CheckError",
        "CheckpointError",
        "HubError",
        "ICLBenchError",
        "InputError",
        "ResultWarning",
        "ServerError",
        "SpecError",
        "StorageError",
        "SuiteError",
        "UnknownNameError",
    ),
    "icl_bench.errors",
) | {"TrainingStopped": "icl_bench.training.train"}
_MODULES = _FUNCTIONS | _ERRORS

__all__ = [*_MODULES, "__version__"]


def __getattr__(name: str) -> Any:
    """A public function or error, imported now."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
