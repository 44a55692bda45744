"""φ on vectors: exponential and logarithm as polynomials of eight numbers at once; twins of ``dcm.transfer``."""

from __future__ import annotations

import math

from numba import njit

from dcm.kernels.old_vectors import (
    WIDTH,
    fill,
    larger,
    load,
    magnitude,
    power_of_two,
    store,
    where_positive,
)

LOGISTIC, SOFT_RECTIFIER = 0, 1

LOG2E = 1 / math.log(2)
LN2_HIGH = float.fromhex(
    "0x1.62e42fee00000p-1"
)  # ln 2 in two parts, so that x - n ln 2 loses nothing
LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
SHIFT = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to a whole number and leaves that number in the low bits


@njit(_nrt=False)
def exp_negative(x):
    """exp(x) for x <= 0 within 5e-16 relative (3e-308 below -708)."""
    x = larger(x, -708.0)
    shifted = x * LOG2E + SHIFT
    n = shifted - SHIFT
    r = (
        x - n * LN2_HIGH
    ) - n * LN2_LOW  # |r| <= ln(2)/2: the Taylor series to order 13 is exact to rounding
    r2 = r * r
    r4 = r2 * r2
    p = (r * (1 / 6) + 0.5) * r2 + (
        r + 1.0
    )  # the series in groups of four, which the processor adds up side by side
    q = (r * (1 / 5040) + 1 / 720) * r2 + (r * (1 / 120) + 1 / 24)
    s = (r * (1 / 39916800) + 1 / 3628800) * r2 + (r * (1 / 362880) + 1 / 40320)
    t = r * (1 / 6227020800) + 1 / 479001600
    return (((t * r4 + s) * r4 + q) * r4 + p) * power_of_two(shifted)


@njit(_nrt=False)
def log1p_unit(y):
    """log(1 + y) for 0 <= y <= 1 within 7e-16 relative: 2 artanh(s), s = y / (2 + y) <= 1/3, as a series in s²."""
    s = y / (y + 2.0)
    z = s * s
    z2 = z * z
    z4 = z2 * z2
    a = (z * (1 / 7) + 1 / 5) * z2 + (z * (1 / 3) + 1.0)
    b = (z * (1 / 15) + 1 / 13) * z2 + (z * (1 / 11) + 1 / 9)
    c = (z * (1 / 23) + 1 / 21) * z2 + (z * (1 / 19) + 1 / 17)
    d = (z * (1 / 31) + 1 / 29) * z2 + (z * (1 / 27) + 1 / 25)
    return (s + s) * (((d * z4 + c) * z4 + b) * z4 + a)


@njit(_nrt=False)
def logistic(x):
    """1 / (1 + exp(-x))."""
    e = exp_negative(0.0 - magnitude(x))
    return where_positive(x, fill(1.0), e) / (e + 1.0)


@njit(_nrt=False)
def softplus(x):
    """log(1 + exp(x))."""
    return larger(x, 0.0) + log1p_unit(exp_negative(0.0 - magnitude(x)))


@njit(_nrt=False, forceinline=True)
def phi(kind, gain, beta, theta, u, r):
    """r = φ(u) within 1e-15 relative, for rows of a multiple of 8; gain is γ (1 for the logistic φ), 0 silences."""
    if kind == LOGISTIC:
        for i in range(0, u.size, WIDTH):
            store(r, i, load(gain, i) * logistic(load(u, i)))
    else:
        for i in range(0, u.size, WIDTH):
            store(r, i, load(gain, i) * softplus((load(u, i) - theta) * beta))
