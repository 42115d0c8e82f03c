"""A part of work, as an array of any scheduler divides it: no part needs to know of another."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from icl_bench.errors import InputError

Item = TypeVar("Item")


@dataclass(frozen=True)
class _Array:
    """The variables in which a scheduler says which job of an array this is, and what the array is."""

    number: str
    first: str | None = None
    step: str | None = None
    last: str | None = None
    lowest: int = 0  # that arrays of this scheduler may begin with, and that parts are counted from


_ARRAYS = (
    _Array("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_STEP", "SLURM_ARRAY_TASK_MAX"),
    _Array("PBS_ARRAY_INDEX"),  # PBS Professional, OpenPBS
    _Array("PBS_ARRAYID"),  # Torque
    _Array("SGE_TASK_ID", "SGE_TASK_FIRST", "SGE_TASK_STEPSIZE", "SGE_TASK_LAST", lowest=1),
)


@dataclass(frozen=True)
class Shard:
    """Part `index` of `count`, from 0: every `count`th item, from this index on."""

    index: int
    count: int

    def select(self, items: Sequence[Item]) -> list[Item]:
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
    """The part of the job of an array that this is: counted from the array's first number where the array has
    as many jobs as there are parts, else from the lowest number that arrays have."""
    for array in _ARRAYS:
        number = _number(array.number)
        if number is None:  # SGE says `undefined` outside of arrays
            continue
        first, step, last = map(_number, (array.first, array.step, array.last))
        size = None if first is None or last is None else (last - first) // (step or 1) + 1
        if count is None and size is None:
            raise InputError(
                f"{array.number} does not say how many parts there are; give --shard auto/N",
                code="shard-count",
            )
        if first is not None and size == (count or size):
            index = (number - first) // (step or 1)
        else:
            index = number - array.lowest
        return _checked(index, count or size or 0, f"{array.number} is {number}, which")
    names = ", ".join(array.number for array in _ARRAYS)
    raise InputError(
        f"--shard auto: none of {names} is set; run it in an array of a scheduler, or give --shard I/N",
        code="no-array",
    )


def _number(variable: str | None) -> int | None:
    value = os.environ.get(variable or "", "")
    return int(value) if value.isdecimal() else None


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
