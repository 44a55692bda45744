"""A Numba type of eight float64 numbers, one vector register: ``+ - * /``, load, store, and what φ needs.

Loops over plain numbers leave it to the compiler whether they vectorise, and make it test at each loop whether arrays
overlap; written with ``Vector`` they always do, in a fixed order of operations. Where registers are narrower than eight
numbers the compiler takes several. A product and a sum may be fused; nothing else is reordered.
"""

from __future__ import annotations

import operator

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

WIDTH = 8
FUSED = ("contract",)
_INDEX = ir.IntType(32)
_FLOATS, _BITS = ir.VectorType(ir.DoubleType(), WIDTH), ir.VectorType(ir.IntType(64), WIDTH)


class Vector(types.Type):
    """Type of the values that ``load`` and ``fill`` give."""

    def __init__(self):
        super().__init__(name="Vector")


vector = Vector()


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, _FLOATS)


def _spread(builder, x):
    """The number x, eight times."""
    nothing = ir.Constant(_FLOATS, ir.Undefined)
    first = builder.insert_element(nothing, x, ir.Constant(_INDEX, 0))
    return builder.shuffle_vector(
        first, nothing, ir.Constant(ir.VectorType(_INDEX, WIDTH), [0] * WIDTH)
    )


def _operator(symbol, instruction):
    @type_callable(symbol)
    def typed(context):
        def typer(a, b):
            if vector in (a, b) and {a, b} <= {vector, types.float64}:
                return vector
            return None

        return typer

    def lower(context, builder, signature, args):
        pairs = zip(args, signature.args, strict=True)
        return getattr(builder, instruction)(
            *(a if t == vector else _spread(builder, a) for a, t in pairs), flags=FUSED
        )

    for operands in ((vector, vector), (vector, types.float64), (types.float64, vector)):
        lower_builtin(symbol, *operands)(lower)


_operator(operator.add, "fadd")
_operator(operator.sub, "fsub")
_operator(operator.mul, "fmul")
_operator(operator.truediv, "fdiv")


def _address(context, builder, array_type, array, i):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [i]), _FLOATS.as_pointer())


@intrinsic
def load(typing, array, i):
    """Numbers i … i + 7 of a C-ordered float64 array, counted through all its rows."""

    def lower(context, builder, signature, args):
        value = builder.load(_address(context, builder, signature.args[0], *args))
        value.align = 8
        return value

    return vector(array, types.intp), lower


@intrinsic
def store(typing, array, i, value):
    """Write to the numbers i … i + 7 of an array."""

    def lower(context, builder, signature, args):
        builder.store(args[2], _address(context, builder, signature.args[0], *args[:2])).align = 8
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), lower


@intrinsic
def fill(typing, x):
    """The number x, eight times."""
    return vector(types.float64), lambda context, builder, signature, args: _spread(
        builder, args[0]
    )


@intrinsic
def larger(typing, v, x):
    """max(v, x) for a number x; x where v is NaN."""

    def lower(context, builder, signature, args):
        other = _spread(builder, args[1])
        return builder.select(builder.fcmp_ordered(">", args[0], other), args[0], other)

    return vector(vector, types.float64), lower


@intrinsic
def magnitude(typing, v):
    """|v|."""

    def lower(context, builder, signature, args):
        sign = ir.Constant(_BITS, [2**63 - 1] * WIDTH)
        return builder.bitcast(builder.and_(builder.bitcast(args[0], _BITS), sign), _FLOATS)

    return vector(vector), lower


@intrinsic
def where_positive(typing, condition, v, w):
    """v where condition >= 0, else w."""

    def lower(context, builder, signature, args):
        zero = ir.Constant(_FLOATS, [0.0] * WIDTH)
        return builder.select(builder.fcmp_ordered(">=", args[0], zero), *args[1:])

    return vector(vector, vector, vector), lower


@intrinsic
def power_of_two(typing, n):
    """2**n, where the lowest 11 bits of n hold a whole number as after adding ``transfer.SHIFT``."""

    def lower(context, builder, signature, args):
        bias, place = (ir.Constant(_BITS, [k] * WIDTH) for k in (1023, 52))
        return builder.bitcast(
            builder.shl(builder.add(builder.bitcast(args[0], _BITS), bias), place), _FLOATS
        )

    return vector(vector), lower
