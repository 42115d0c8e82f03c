"""References as entries: `reference/NAME`, the architectures of the 2024 study."""

from typing import ClassVar, Literal

from icl_bench.entries.base import ENTRY_KINDS
from icl_bench.entries.shipped import ShippedKind


@ENTRY_KINDS.register
class ReferenceKind(ShippedKind):
    """One of the twelve."""

    type: Literal["reference"] = "reference"
    place: ClassVar[int] = 1
    shown_as: ClassVar[str] = "reference"
    names: ClassVar[str] = "reference/NAME"
