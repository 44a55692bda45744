"""φ of single numbers in compiled code, in float32 and float64: twins of ``dcm.model.transfer``.

Without a branch or a call such as ``math.exp``, so that loops vectorise. NaN stays NaN.
"""

import math

import numpy as np
from numba import njit, types
from numba.extending import overload

EXACT = {"fastmath": {"contract"}, "error_model": "numpy"}  # fused multiply-adds; no reordering


def _functions(number, whole, lowest, ln2_high, ln2_low) -> tuple:
    """The four functions for a type of ``number``, whose bits fit the ``whole`` number type."""
    zero = number(0)
    one = number(1)
    two = number(2)
    lowest = number(lowest)
    log2e = number(1 / math.log(2))
    ln2_high = number(ln2_high)  # ln 2 in two parts, so that x - n ln 2 loses nothing
    ln2_low = number(ln2_low)
    mantissa = np.finfo(number).nmant  # bits
    shift = number(1.5 * 2.0**mantissa)  # adding it rounds to a whole number, left in the low bits
    bias = whole(np.finfo(number).maxexp - 1)  # of the exponent, whose bits lie above
    place = whole(mantissa)
    double = number is np.float64
    c = tuple(number(1 / math.factorial(n)) for n in range(14))
    d = tuple(number(1 / n) for n in range(1, 32, 2))

    @njit(**EXACT)
    def exp_negative(x):  # for x <= 0 within 5e-16 relative; below -708 that of -708 (2e-7, -87)
        x = lowest if x < lowest else x
        shifted = x * log2e + shift
        n = shifted - shift
        r = (x - n * ln2_high) - n * ln2_low  # |r| <= ln(2) / 2
        # Taylor series to order 13 (float32: 7), exact to rounding, in groups added side by side
        r2 = r * r
        r4 = r2 * r2
        series = (r * c[7] + c[6]) * r2 + (r * c[5] + c[4])
        if double:
            late = (r * c[11] + c[10]) * r2 + (r * c[9] + c[8])
            series = ((r * c[13] + c[12]) * r4 + late) * r4 + series
        series = series * r4 + ((r * c[3] + c[2]) * r2 + (r + one))
        power = whole((number(shifted).view(whole) + bias) << place)
        return series * number(power.view(number))  # exp(r) · 2ⁿ

    @njit(**EXACT)
    def log1p_unit(y):  # log(1 + y) for 0 <= y <= 1 within 7e-16 relative (float32: 4e-7)
        # 2 artanh(s), s = y / (2 + y) <= 1/3, as a series in s²
        s = y / (y + two)
        z = s * s
        z2 = z * z
        z4 = z2 * z2
        series = (z * d[7] + d[6]) * z2 + (z * d[5] + d[4])
        if double:
            late = (z * d[11] + d[10]) * z2 + (z * d[9] + d[8])
            latest = (z * d[15] + d[14]) * z2 + (z * d[13] + d[12])
            series = (latest * z4 + late) * z4 + series
        series = series * z4 + ((z * d[3] + d[2]) * z2 + (z * d[1] + one))
        return (s + s) * series

    @njit(**EXACT)
    def logistic(x):  # 1 / (1 + exp(-x))
        e = exp_negative(-abs(x))
        return (e if x < zero else one) / (one + e)

    @njit(**EXACT)
    def softplus(x):  # log(1 + exp(x))
        return (zero if x < zero else x) + log1p_unit(exp_negative(-abs(x)))

    return exp_negative, log1p_unit, logistic, softplus


def _in_both_precisions(single, double):
    """A function for compiled code, which takes the form in the precision of the argument."""

    def function(x):
        raise NotImplementedError("for compiled code")

    @overload(function, jit_options=EXACT)
    def choose(x):
        chosen = single if x == types.float32 else double
        return lambda x: chosen(x)

    return function


SINGLE = _functions(np.float32, np.int32, -87.0, 355 / 512, math.log(2) - 355 / 512)
LN2 = [float.fromhex(part) for part in ("0x1.62e42fee00000p-1", "0x1.a39ef35793c76p-33")]
DOUBLE = _functions(np.float64, np.int64, -708.0, *LN2)
exp_negative, log1p_unit, logistic, softplus = map(_in_both_precisions, SINGLE, DOUBLE)
