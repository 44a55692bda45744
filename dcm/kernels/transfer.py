"""φ on vectors: exponential and logarithm written so that loops over them vectorise; twins of ``dcm.transfer``."""

from __future__ import annotations

import math

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

LOGISTIC, SOFT_RECTIFIER = 0, 1

LOG2E = 1 / math.log(2)
LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")  # ln 2 in two parts, so that x - n ln 2 loses nothing
LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
SHIFT = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to a whole number and leaves that number in the low bits


@intrinsic
def _bits(typingctx, x):
    """The 64 bits of a float64 as an int64."""

    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], ir.IntType(64))

    return types.int64(types.float64), codegen


@intrinsic
def _from_bits(typingctx, i):
    """The float64 with the 64 bits of an int64."""

    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.int64), codegen


@njit(fastmath={"contract"}, error_model="numpy")
def exp_negative(x):
    """exp(x) for x <= 0 within 4e-16 relative (0 below about -708), written so that loops over it vectorise."""
    x = x if x > -708.0 else -708.0
    shifted = x * LOG2E + SHIFT
    n = shifted - SHIFT
    r = (x - n * LN2_HIGH) - n * LN2_LOW  # |r| <= ln(2)/2: the Taylor series to order 13 is exact to rounding
    p = 1 / 6227020800
    p = p * r + 1 / 479001600
    p = p * r + 1 / 39916800
    p = p * r + 1 / 3628800
    p = p * r + 1 / 362880
    p = p * r + 1 / 40320
    p = p * r + 1 / 5040
    p = p * r + 1 / 720
    p = p * r + 1 / 120
    p = p * r + 1 / 24
    p = p * r + 1 / 6
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return p * _from_bits((_bits(shifted) + 1023) << 52)


@njit(fastmath={"contract"}, error_model="numpy")
def log1p_unit(y):
    """log(1 + y) for 0 <= y <= 1 within 4e-16 relative: 2 artanh(s) with s = y / (2 + y) <= 1/3, as a series in s²."""
    s = y / (2.0 + y)
    z = s * s
    p = 1 / 31
    p = p * z + 1 / 29
    p = p * z + 1 / 27
    p = p * z + 1 / 25
    p = p * z + 1 / 23
    p = p * z + 1 / 21
    p = p * z + 1 / 19
    p = p * z + 1 / 17
    p = p * z + 1 / 15
    p = p * z + 1 / 13
    p = p * z + 1 / 11
    p = p * z + 1 / 9
    p = p * z + 1 / 7
    p = p * z + 1 / 5
    p = p * z + 1 / 3
    p = p * z + 1.0
    return 2.0 * s * p


@njit(fastmath={"contract"}, error_model="numpy")
def phi(kind, gain, beta, theta, u, r):
    """r = gain · φ(u) / γ in place, with a gain for each neuron: γ (1 for the logistic function), or 0 for padding."""
    if kind == LOGISTIC:
        for i in range(u.size):
            x = u[i]
            e = exp_negative(-abs(x))
            r[i] = gain[i] * ((1.0 if x >= 0 else e) / (1.0 + e))
    else:
        for i in range(u.size):
            x = beta * (u[i] - theta)
            r[i] = gain[i] * ((x if x > 0.0 else 0.0) + log1p_unit(exp_negative(-abs(x))))
