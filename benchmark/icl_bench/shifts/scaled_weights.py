"""Functions of another size: their real parameters are scaled."""

from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from icl_bench.function_classes.base import FunctionClass, Words
from icl_bench.function_classes.streams import rounded_to_grid
from icl_bench.shifts.base import Drawn, Shift
from icl_bench.specs.suite import SHIFTS


@SHIFTS.register
class ScaledWeights(Shift):
    """Every real parameter w → w · times / over, on the grid again; 0 stays 0."""

    changes: ClassVar[str] = "weights of another size"
    example: ClassVar[dict[str, Any]] = {"times": 1, "over": 3}

    type: Literal["scaled_weights"] = "scaled_weights"
    times: int = Field(ge=1, le=3)
    over: int = Field(ge=1, le=16)

    def apply(self, drawn: Drawn, raw: Words, function_class: FunctionClass) -> Drawn:
        """Parameters of the same shapes; whole numbers, as which coordinates count, stay."""
        scaled = {
            name: self._scaled(values) if np.issubdtype(values.dtype, np.floating) else values
            for name, values in drawn.parameters.items()
        }
        return replace(drawn, parameters=scaled)

    def _scaled(self, values: np.ndarray) -> np.ndarray:
        rounded = rounded_to_grid(values.astype(np.float64) * self.times / self.over)
        return np.where(values == 0, np.float32(0), rounded)
