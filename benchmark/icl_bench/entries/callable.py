"""Python objects as entries: a function, an object with `predict`, or a mapping from task names to them."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from icl_bench.entries.base import ENTRY_KINDS, EntryKind, TaskPredictor
from icl_bench.errors import InputError
from icl_bench.predictor import Missing, Predictor, batch_size
from icl_bench.specs.names import spec_name_fault
from icl_bench.specs.result import MAX_SHOWN, ModelIdentity
from icl_bench.specs.suite import TaskSpec
from icl_bench.specs.text import text_fault
from icl_bench.suites import Suite


@ENTRY_KINDS.register
class CallableKind(EntryKind):
    """It has no name on the command line: `icl_bench.evaluate` is given the object."""

    type: Literal["callable"] = "callable"
    place: ClassVar[int] = 7
    shown_as: ClassVar[str] = "Python object"
    names: ClassVar[str] = "none; give the object to icl_bench.evaluate"
    trained: ClassVar[bool] = False
    own_code: ClassVar[bool] = True

    def recognises(self, name: str) -> bool:
        """No name is of this kind."""
        return False


class ObjectSource:
    """A Python function or predictor, or a mapping from task names to them."""

    def __init__(
        self,
        model: Any,
        suite: Suite,
        tasks: Sequence[str],
        name: str | None = None,
        device: str | None = None,
    ) -> None:
        """InputError for what is no predictor, or is not fit to answer or be recorded on one of `tasks`."""
        by_task = model if isinstance(model, Mapping) else dict.fromkeys(suite.tasks, model)
        self._predictors = {
            suite.task(task).name: as_predictor(value, device) for task, value in by_task.items()
        }
        named = next(iter(by_task.values()), model)
        fault = None if name is None else spec_name_fault(name)
        if fault:
            raise InputError(f"name {name!r:.80} cannot be recorded; {fault}")
        self.identity = ModelIdentity(kind="callable", id=name or name_of(named), revision=None)
        devices = {str(getattr(predictor, "device", "cpu")) for predictor in self._predictors.values()}
        self.device = ", ".join(sorted(devices))
        fault = text_fault(self.device, MAX_SHOWN)
        if fault:
            raise InputError(f"device of the predictor {fault}; name it in plain text", code="unprintable")
        for name in self._predictors.keys() & set(tasks):
            batch_size(self._predictors[name], suite.tasks[name].points)

    def task_predictor(self, task: TaskSpec) -> TaskPredictor | Missing:
        """The object, or the mapping's entry for this task."""
        if task.name not in self._predictors:
            return Missing(f"no predictor was given for {task.name}")
        return TaskPredictor(self._predictors[task.name])


class FunctionPredictor:
    """A plain function `f(xs, ys) -> predictions` as a predictor."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def predict(self, xs: np.ndarray, ys: np.ndarray) -> Any:
        """What the function returns, whatever it is: `ask` looks at it."""
        return self._function(xs, ys)


def as_predictor(model: Any, device: str | None = None) -> Predictor:
    """An object with `predict` as it is, a function or torch module wrapped; InputError for anything else.

    `device` is where a torch module computes, by default where its parameters are.
    """
    if isinstance(model, type):
        raise InputError(
            f"{model.__qualname__} is a class; give an object of it, {model.__qualname__}(...)",
            code="class-for-object",
        )
    if "torch" in sys.modules and isinstance(model, sys.modules["torch"].nn.Module):
        return _module_predictor(model, device)
    if device is not None:
        raise InputError(
            "device is of torch modules and of models that are named; leave it out here", code="no-device"
        )
    if callable(getattr(model, "predict", None)):
        return model
    if callable(model):
        return FunctionPredictor(model)
    raise InputError(
        f"{type(model).__name__} is not a predictor; give a function f(xs, ys) or an object with "
        "predict(xs, ys)",
        code="no-predictor",
    )


def _module_predictor(module: Any, device: str | None) -> Predictor:
    from icl_bench.models.model import ICLModel
    from icl_bench.models.module_predictor import ModulePredictor
    from icl_bench.models.predictor import ModelPredictor

    if isinstance(module, ICLModel):
        return ModelPredictor(module, device or str(next(module.parameters()).device))
    return module if callable(getattr(module, "predict", None)) else ModulePredictor(module, device)


def name_of(model: Any) -> str:
    """How a Python object is called in the record: its module and qualified name."""
    named = model if hasattr(model, "__qualname__") else type(model)
    return f"{named.__module__}.{named.__qualname__}"
