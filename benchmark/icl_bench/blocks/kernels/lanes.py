"""Vectors of LANES float32 numbers for numba kernels, and the elementary functions that Mamba needs of them.

A value of type `Lanes` lives in the processor's vector registers: what a loop carries in one never goes
through memory, which loops over small arrays do not get from the compiler. Kernels write + - * / between
vectors, or a vector and a float32; `load` and `store` move LANES neighbours of a row of a matrix.
"""

import operator
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, overload, register_model

LANES = 16  # one AVX-512 register, two of AVX2, four of NEON

F = np.float32
_LOG2_E = F(1.4426950408889634)
_SMALLEST = F(-126.0)  # 2^-126 is the smallest normal float32
_ROUNDER = F(1.5 * 2**23)  # the sum with a small number is rounded to a whole one
_EXP2 = tuple(F(c) for c in (  # 2^f = 1 + f q(f), interpolated at Chebyshev's nodes of |f| ≤ 1/2; error 5e-9
    1.545316336e-4, 1.339086331e-3, 9.618083015e-3, 5.550356954e-2, 2.402265072e-1, 6.931471825e-1,
))  # fmt: skip
_ATANH = tuple(F(1 / (2 * k + 1)) for k in range(6, -1, -1))  # atanh(s) = s Σ_k s^2k / (2k + 1)

_FLOATS, _INTS = ir.VectorType(ir.FloatType(), LANES), ir.VectorType(ir.IntType(32), LANES)


class _Lanes(types.Type):
    def __init__(self) -> None:
        super().__init__("lanes")


_LANES = _Lanes()


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, numba_type: Any) -> None:
        super().__init__(manager, numba_type, _FLOATS)


def _broadcast(builder: Any, value: Any) -> Any:
    """Every lane the same number; vectors stay as they are."""
    if value.type == _FLOATS:
        return value
    first = builder.insert_element(ir.Constant(_FLOATS, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, first, ir.Constant(_INTS, [0] * LANES))


def _between(build: Callable[..., Any]) -> Any:
    """An intrinsic of two or three vectors (floats are broadcast), from its LLVM instructions."""

    def lower(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return build(builder, *(_broadcast(builder, argument) for argument in arguments))

    @intrinsic
    def of_two(_context: Any, a: Any, b: Any) -> Any:
        return _LANES(a, b), lower

    @intrinsic
    def of_three(_context: Any, a: Any, b: Any, c: Any) -> Any:
        return _LANES(a, b, c), lower

    return of_two if build.__code__.co_argcount == 3 else of_three


def _overload(symbol: Callable[..., Any], build: Callable[..., Any]) -> None:
    instruction = _between(build)

    @overload(symbol)
    def typed(a, b):
        if _LANES in (a, b) and {a, b} <= {_LANES, types.float32}:
            return lambda a, b: instruction(a, b)
        return None


_CONTRACT = ("contract",)  # a · b + c may be one instruction
_overload(operator.add, lambda builder, a, b: builder.fadd(a, b, flags=_CONTRACT))
_overload(operator.sub, lambda builder, a, b: builder.fsub(a, b, flags=_CONTRACT))
_overload(operator.mul, lambda builder, a, b: builder.fmul(a, b, flags=_CONTRACT))
_overload(operator.truediv, lambda builder, a, b: builder.fdiv(a, b))

# where_negative(x, a, b): a where x < 0, else b (also where x is not a number)
where_negative = _between(
    lambda builder, x, a, b: builder.select(
        builder.fcmp_ordered("<", x, ir.Constant(_FLOATS, [0.0] * LANES)), a, b
    )
)

_EVEN, _ODD = (ir.Constant(_INTS, list(range(first, 2 * LANES, 2))) for first in (0, 1))

# the sums of neighbours in x and, after them, in y: done four times, of 16 vectors each the total of its own
add_neighbours = _between(
    lambda builder, x, y: builder.fadd(
        builder.shuffle_vector(x, y, _EVEN), builder.shuffle_vector(x, y, _ODD)
    )
)

# where one of the two is no number: the first
larger = _between(lambda builder, a, b: builder.select(builder.fcmp_ordered("<", a, b), b, a))


def _of_one(build: Callable[..., Any], result: Any = _LANES) -> Any:
    @intrinsic
    def instruction(_context: Any, x: Any) -> Any:
        return result(x), lambda _, builder, __, arguments: build(builder, arguments[0])

    return instruction


def _call(builder: Any, name: str, result: Any, *arguments: Any, flags: tuple[str, ...] = ()) -> Any:
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}f32")
    return builder.call(function, arguments, fastmath=flags)


def _power_of_two(builder: Any, shifted: Any) -> Any:
    """2^x for x + _ROUNDER: the last bits of that sum are x, which become the exponent of 1."""
    bits_of_one, shift = ir.Constant(_INTS, [127 << 23] * LANES), ir.Constant(_INTS, [23] * LANES)
    bits = builder.bitcast(shifted, _INTS)
    return builder.bitcast(builder.add(builder.shl(bits, shift), bits_of_one), _FLOATS)


broadcast = _of_one(_broadcast)
_power = _of_one(_power_of_two)  # for whole x in -126 … 127
total = _of_one(
    lambda builder, x: _call(
        builder, "vector.reduce.fadd", ir.FloatType(), ir.Constant(ir.FloatType(), 0.0), x, flags=("reassoc",)
    ),
    types.float32,
)  # the sum of the lanes, in an order that the processor alone decides
largest = _of_one(
    lambda builder, x: _call(builder, "vector.reduce.fmax", ir.FloatType(), x, flags=("nnan",)), types.float32
)  # of the lanes, none of which is no number


def _address(context: Any, builder: Any, kinds: Any, rows: Any, t: Any, column: Any) -> Any:
    array = context.make_array(kinds[0])(context, builder, rows)
    indices = [
        context.cast(builder, index, kind, types.intp) for index, kind in ((t, kinds[1]), (column, kinds[2]))
    ]
    place = cgutils.get_item_pointer(context, builder, kinds[0], array, indices)
    return builder.bitcast(place, _FLOATS.as_pointer())


@intrinsic
def read(_context: Any, rows: Any, t: Any, column: Any) -> Any:
    """rows[t, column : column + LANES], all of which must exist."""

    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(_address(context, builder, signature.args, *arguments), align=4)

    return _LANES(rows, t, column), lower


@intrinsic
def write(_context: Any, rows: Any, t: Any, column: Any, value: Any) -> Any:
    """rows[t, column : column + LANES] = value, all of which must exist."""

    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store(arguments[3], _address(context, builder, signature.args[:3], *arguments[:3]), align=4)
        return context.get_dummy_value()

    return types.void(rows, t, column, value), lower


@intrinsic
def prefetch(_context: Any, rows: Any, t: Any, column: Any) -> Any:
    """Begin to bring the cache line of rows[t, column] near, to be read or written soon.

    It may lie after the last row, where the next data or the end of memory follows: nothing is read.
    """

    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _address(context, builder, signature.args, *arguments)
        place = builder.bitcast(place, ir.IntType(8).as_pointer())
        for_writing, near, data = (ir.Constant(ir.IntType(32), number) for number in (1, 3, 1))
        kind = ir.FunctionType(ir.VoidType(), [place.type] + 3 * [ir.IntType(32)])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(function, [place, for_writing, near, data])
        return context.get_dummy_value()

    return types.void(rows, t, column), lower


@intrinsic
def _get(_context: Any, x: Any, lane: Any) -> Any:
    return types.float32(x, lane), lambda _, builder, __, arguments: builder.extract_element(*arguments)


@intrinsic
def _put(_context: Any, x: Any, lane: Any, number: Any) -> Any:
    def lower(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.insert_element(arguments[0], arguments[2], arguments[1])

    return _LANES(x, lane, number), lower


_inline = numba.njit(error_model="numpy")


@_inline
def load(rows, t, column, left):
    """The first `left` of rows[t, column : column + LANES], zeros after them."""
    if left >= LANES:
        return read(rows, t, column)
    x = broadcast(F(0.0))
    for lane in range(left):
        x = _put(x, lane, rows[t, column + lane])
    return x


@_inline
def store(rows, t, column, left, x):
    """Write the first `left` lanes to rows[t, column : column + LANES]."""
    if left >= LANES:
        write(rows, t, column, x)
    else:
        for lane in range(left):
            rows[t, column + lane] = _get(x, lane)


@_inline
def exp2_of_negative(x):
    """2^x for x ≤ 0, to two units in the last place; 2^-126 below that."""
    x = larger(x, _SMALLEST)
    shifted = x + _ROUNDER
    f = x - (shifted - _ROUNDER)
    q = _EXP2[0] * f + _EXP2[1]
    q = q * f + _EXP2[2]
    q = q * f + _EXP2[3]
    q = q * f + _EXP2[4]
    q = q * f + _EXP2[5]
    return (q * f + F(1.0)) * _power(shifted)


@_inline
def sigmoid(x):
    """1 / (1 + exp(-x))."""
    z = exp2_of_negative(where_negative(x, x, F(0.0) - x) * _LOG2_E)
    return where_negative(x, z, F(1.0)) / (z + F(1.0))


@_inline
def softplus(x):
    """log(1 + exp(x)) = max(x, 0) + log(1 + z) with z = exp(-|x|), and log(1 + z) = 2 atanh(z / (2 + z))."""
    z = exp2_of_negative(where_negative(x, x, F(0.0) - x) * _LOG2_E)
    s = z / (z + F(2.0))
    square = s * s
    p = _ATANH[0] * square + _ATANH[1]
    p = p * square + _ATANH[2]
    p = p * square + _ATANH[3]
    p = p * square + _ATANH[4]
    p = p * square + _ATANH[5]
    p = p * square + _ATANH[6]
    return where_negative(x, F(0.0), x) + (s + s) * p
