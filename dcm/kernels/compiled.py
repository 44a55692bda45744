"""Compiled building blocks: φ on vectors, matrix-vector products and rank-one updates (twins of plain NumPy)."""

from __future__ import annotations

import math
from collections import namedtuple
from dataclasses import replace

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from dcm.transfer import Logistic, SoftRectifier

# Reordering of sums and fused multiply-adds are allowed; NaN and infinity keep their meaning (divergence is detected).
SUMS = {"reassoc", "contract", "nsz"}
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
def phi(kind, a, b, c, u, r):
    """r = φ(u) in place; (kind, a, b, c) as ``transfer_code`` gives them."""
    if kind == LOGISTIC:
        for i in range(u.size):
            x = u[i]
            e = exp_negative(-abs(x))
            r[i] = (1.0 if x >= 0 else e) / (1.0 + e)
    else:
        for i in range(u.size):
            x = b * (u[i] - c)
            r[i] = a * ((x if x > 0.0 else 0.0) + log1p_unit(exp_negative(-abs(x))))


@njit(fastmath=SUMS)
def affine(w, x, b, out):
    """out = w @ x + b."""
    for i in range(w.shape[0]):
        total = 0.0
        for j in range(w.shape[1]):
            total += w[i, j] * x[j]
        out[i] = total + b[i]


@njit(fastmath=SUMS)
def add_transposed(w_t, x, out):
    """out += w_t.T @ x, for a matrix kept transposed because it has few columns."""
    for j in range(w_t.shape[0]):
        xj = x[j]
        for i in range(w_t.shape[1]):
            out[i] += w_t[j, i] * xj


@njit(fastmath=SUMS)
def add_outer(w, eta, post, pre):
    """w += eta · post · preᵀ."""
    for i in range(w.shape[0]):
        step = eta * post[i]
        for j in range(w.shape[1]):
            w[i, j] += step * pre[j]


def transfer_code(transfer) -> tuple[int, float, float, float]:
    """(kind, γ, β, θ) of a transfer function the kernels know; ``TypeError`` naming the remedy otherwise."""
    if type(transfer) is Logistic:  # a subclass may be another function
        return LOGISTIC, 0.0, 0.0, 0.0
    if type(transfer) is SoftRectifier:
        return SOFT_RECTIFIER, transfer.gamma, transfer.beta, transfer.theta
    raise TypeError(f"no compiled form of the transfer function {transfer!r}; use the plain dcm.learn or dcm.integrate")


# What a kernel sees of a circuit; w_down and w_pi are kept transposed, because their rows are short.
Weights = namedtuple("Weights", "w_up w_down_t w_ip w_pi_t b_up b_ip")
Rates = namedtuple("Rates", "up ip pi down thresholds")
Constants = namedtuple("Constants", "leak basal apical dendritic somatic kind gamma beta theta")
# Rows of the work space, one set a layer: soma, rate, dendrite, apical dendrite (pyramidal only), two spare rows.
ROWS = 6
U, R, V, APICAL, SPARE, POST = range(ROWS)


def constants(circuit) -> Constants:
    """Conductances and transfer function as plain numbers."""
    g = circuit.conductances
    return Constants(g.leak, g.basal, g.apical, g.dendritic, g.somatic, *transfer_code(circuit.transfer))


def unpack(circuit) -> Weights:
    """Fresh C-ordered float64 copies of a circuit's weights, which a kernel may change."""

    def copies(arrays):
        return tuple(np.array(a, dtype=float, order="C") for a in arrays)

    w_down_t, w_pi_t = copies(w.T for w in circuit.w_down), copies(w.T for w in circuit.w_pi)
    return Weights(
        copies(circuit.w_up), w_down_t, copies(circuit.w_ip), w_pi_t, *map(copies, (circuit.b_up, circuit.b_ip))
    )


def pack(circuit, weights: Weights):
    """The circuit with these weights."""
    w_down, w_pi = (tuple(np.ascontiguousarray(w.T) for w in ws) for ws in (weights.w_down_t, weights.w_pi_t))
    return replace(circuit, w_up=weights.w_up, w_down=w_down, w_ip=weights.w_ip, w_pi=w_pi,
                   b_up=weights.b_up, b_ip=weights.b_ip)  # fmt: skip


def rate_arrays(rates, depth: int) -> Rates:
    """Learning rates as arrays, one entry a layer."""
    per_layer = (np.array(rates.per_layer(k, depth if k == "up" else depth - 1)) for k in ("up", "ip", "pi", "down"))
    return Rates(*per_layer, rates.thresholds)


def work_space(sizes) -> tuple[tuple, tuple]:
    """(pyramidal, interneuron) buffers, one (ROWS, n) array a layer."""
    return tuple(np.zeros((ROWS, n)) for n in sizes[1:]), tuple(np.zeros((ROWS, n)) for n in sizes[2:])


@njit(fastmath=SUMS)
def apical(w, h, p, q):
    """v_apical of hidden layer h from the rates above (Eq. 4), in place."""
    out = p[h][APICAL]
    out[:] = 0.0
    add_transposed(w.w_down_t[h], p[h + 1][R], out)
    add_transposed(w.w_pi_t[h], q[h][R], out)


@njit(fastmath=SUMS)
def errors(c, u, v, attenuation, spare, post, r):
    """post = φ(u) - φ(v̂), given the rate r = φ(u): the postsynaptic factor of Eqs. 7 and 8."""
    for i in range(u.size):
        spare[i] = attenuation * v[i]
    phi(c.kind, c.gamma, c.beta, c.theta, spare, post)
    for i in range(u.size):
        post[i] = r[i] - post[i]
