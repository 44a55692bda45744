"""Compiled building blocks: matrix-vector products and rank-one updates (twins of plain NumPy)."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import replace

import numpy as np
from numba import njit

from dcm.kernels.transfer import LOGISTIC, SOFT_RECTIFIER, phi
from dcm.transfer import Logistic, SoftRectifier

# Reordering of sums and fused multiply-adds are allowed; NaN and infinity keep their meaning (divergence is detected).
SUMS = {"reassoc", "contract", "nsz"}


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
