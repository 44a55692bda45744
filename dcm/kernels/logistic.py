"""Logistic rates of rows of potentials, in single and double precision, written so that the loops vectorise."""

from __future__ import annotations

import math

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic, overload

SMOOTH = {"fastmath": {"contract"}, "error_model": "numpy"}
F = np.float32
LOWEST, SHIFT = (
    F(-87.0),
    F(12582912.0),
)  # e**-87 is nearly the smallest normal number; SHIFT as in dcm.kernels.transfer
LOG2E, LN2_HIGH, LN2_LOW = F(1 / math.log(2)), F(0.693359375), F(math.log(2) - 0.693359375)


@intrinsic
def _bits(typingctx, x):
    """The 32 bits of a float32 as an int32."""

    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], ir.IntType(32))

    return types.int32(types.float32), codegen


@intrinsic
def _power_of_two(typingctx, bits):
    """2ⁿ for n in the low bits of an int32, made from its bits."""

    def codegen(context, builder, signature, args):
        biased = builder.add(args[0], ir.Constant(ir.IntType(32), 127))
        return builder.bitcast(builder.shl(biased, ir.Constant(ir.IntType(32), 23)), ir.FloatType())

    return types.float32(types.int32), codegen


@njit(**SMOOTH)
def exp_negative_single(x):
    """exp(x) for x <= 0 in single precision, within 2e-7 relative (e**-87 below -87); NaN stays NaN."""
    x = LOWEST if x < LOWEST else x
    shifted = x * LOG2E + SHIFT
    n = shifted - SHIFT
    r = (
        x - n * LN2_HIGH
    ) - n * LN2_LOW  # |r| <= ln(2)/2: the Taylor series to order 7 is exact to rounding
    p = F(1 / 5040)
    p = p * r + F(1 / 720)
    p = p * r + F(1 / 120)
    p = p * r + F(1 / 24)
    p = p * r + F(1 / 6)
    p = p * r + F(0.5)
    p = p * r + F(1.0)
    p = p * r + F(1.0)
    return p * _power_of_two(_bits(shifted))


def logistic(u):
    """1 / (1 + exp(-u)) in the precision of ``u``; twin of ``dcm.Logistic``."""
    raise NotImplementedError("for compiled code")


@overload(logistic, jit_options=SMOOTH)
def _logistic(u):
    if u == types.float32:

        def single(u):
            e = exp_negative_single(-abs(u))
            return (e if u < F(0.0) else F(1.0)) / (F(1.0) + e)

        return single

    def double(u):
        e = math.exp(-abs(u))
        return (e if u < 0.0 else 1.0) / (1.0 + e)

    return double


@njit(**SMOOTH)
def rates(u, r):
    """r = φ(u) for rows of potentials."""
    for b in range(u.shape[0]):
        for j in range(u.shape[1]):
            r[b, j] = logistic(u[b, j])
