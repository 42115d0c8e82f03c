"""The zoo as entries: `zoo/NAME`, sequence mixers of today, trained by the recipe of the references."""

from typing import ClassVar, Literal

from icl_bench.entries.base import ENTRY_KINDS
from icl_bench.entries.shipped import ShippedKind


@ENTRY_KINDS.register
class ZooKind(ShippedKind):
    """A mixer of today, at the size of `reference/llama`."""

    type: Literal["zoo"] = "zoo"
    place: ClassVar[int] = 2
    shown_as: ClassVar[str] = "zoo"
    names: ClassVar[str] = "zoo/NAME"
