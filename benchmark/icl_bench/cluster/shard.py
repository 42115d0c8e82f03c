"""A part of work, as an array of any scheduler divides it: no part needs to know of another."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from icl_bench.errors import InputError

Item = TypeVar("Item")
# by scheduler: the variable of the number, the number that arrays begin with, the variable of the last one
_ARRAYS = (
    ("SLURM_ARRAY_TASK_ID", 0, "SLURM_ARRAY_TASK_MAX"),
    ("PBS_ARRAY_INDEX", 0, None),  # PBS Professional, OpenPBS
    ("PBS_ARRAYID", 0, None),  # Torque
    ("SGE_TASK_ID", 1, "SGE_TASK_LAST"),
)


@dataclass(frozen=True)
class Shard:
    """Part `index` of `count`, from 0: every `count`th item, from this index on."""

    index: int
    count: int

    def of(self, items: Sequence[Item]) -> list[Item]:
        """The items of this part; all parts together have every item once."""
        return list(items[self.index :: self.count])


def read_shard(text: str) -> Shard:
    """The part that I/N names, as 0/8 to 7/8; `auto/N` and `auto` read the scheduler's variables.

    `auto` alone is for arrays that are submitted whole. InputError where the text, or what a variable says,
    is no part.
    """
    index, slash, count = text.strip().partition("/")
    if index == "auto":
        return _of_array(_whole(count, text) if slash else None)
    return _checked(_whole(index, text), _whole(count, text), f"--shard {text}")


def _of_array(count: int | None) -> Shard:
    for variable, first, last in _ARRAYS:
        value = os.environ.get(variable, "")
        if not value.isdecimal():  # SGE says `undefined` outside of arrays
            continue
        if count is None and last is not None and os.environ.get(last, "").isdecimal():
            count = int(os.environ[last]) - first + 1
        if count is None:
            raise InputError(
                f"{variable} does not say how many parts there are; give --shard auto/N", code="shard-count"
            )
        return _checked(int(value) - first, count, f"{variable} is {value}, which")
    names = ", ".join(variable for variable, _, _ in _ARRAYS)
    raise InputError(
        f"--shard auto: none of {names} is set; run it in an array of a scheduler, or give --shard I/N",
        code="no-array",
    )


def _whole(text: str, whole: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", text):
        raise InputError(f"--shard {whole} is no part; write I/N, as 0/8 to 7/8, or auto/8", code="no-shard")
    return int(text)


def _checked(index: int, count: int, name: str) -> Shard:
    if not 0 <= index < count:
        raise InputError(
            f"{name} is none of {count} parts, which are 0 to {count - 1}; submit an array of that size",
            code="no-shard",
        )
    return Shard(index, count)
