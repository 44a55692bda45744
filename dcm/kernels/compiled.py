"""How the kernels see a circuit: levels of neurons in padded rows, and the loops over them (twins of plain NumPy).

Level k holds the pyramidal cells of layer k + 1 and, for k > 0, behind them the interneurons of the hidden layer
below, which read the same rates: one row of numbers, one matrix and one call of φ serve both. Every row is padded with
silent neurons (gain and weights 0) to a multiple of 8, the width of a vector register.
"""

from __future__ import annotations

from collections import namedtuple
from dataclasses import replace

import numpy as np
from numba import njit

from dcm.kernels.transfer import LOGISTIC, SOFT_RECTIFIER, phi
from dcm.plasticity import Updates
from dcm.transfer import Logistic, SoftRectifier

# Reordering of sums and fused multiply-adds are allowed; NaN and infinity keep their meaning (divergence is detected).
SUMS = {"reassoc", "contract", "nsz"}
WIDTH = 8

# forward[k]: (level k, layer k), w_up[k] above w_ip[k-1]; backward[h]: (level h + 1, layer h + 1), w_down[h]ᵀ above
# w_pi[h]ᵀ; threshold[k]: b_up[k], then b_ip[k-1]. Induction terms have the same form.
Weights = namedtuple("Weights", "forward backward threshold")
# forward[k]: one rate a neuron of the level (η_up, then η_ip); down, pi: one a hidden layer.
Rates = namedtuple("Rates", "forward down pi thresholds")
# Sizes of a level: neurons of each kind, and where the interneurons begin.
Model = namedtuple("Model", "n inter kind beta theta")

# Rows of a level. The soma u relaxes to BY_V · v + BY_OTHER · other with total conductance TOTAL, where other is the
# apical dendrite (hidden), the target (output) or the soma above (interneurons); v̂ is ATTENUATION · v.
ROWS = 11
U, R, V, OTHER, SPARE, POST, GAIN, BY_V, BY_OTHER, TOTAL, ATTENUATION = range(ROWS)


def padded(n: int) -> int:
    """The next multiple of ``WIDTH``."""
    return -(-n // WIDTH) * WIDTH


def model(circuit) -> Model:
    """Sizes and transfer function as plain numbers."""
    n, top = circuit.sizes[1:], len(circuit.sizes) - 2
    inter = tuple(m if k == top else padded(m) for k, m in enumerate(n))  # rates that are read again stay aligned
    kind, _, beta, theta = transfer_code(circuit.transfer)
    return Model(n, inter, kind, beta, theta)


def transfer_code(transfer) -> tuple[int, float, float, float]:
    """(kind, γ, β, θ) of a transfer function the kernels know; ``TypeError`` naming the remedy otherwise."""
    if type(transfer) is Logistic:  # a subclass may be another function
        return LOGISTIC, 1.0, 1.0, 0.0
    if type(transfer) is SoftRectifier:
        return SOFT_RECTIFIER, transfer.gamma, transfer.beta, transfer.theta
    raise TypeError(f"no compiled form of the transfer function {transfer!r}; use the plain dcm.learn or dcm.integrate")


def views(circuit, weights: Weights) -> dict[str, list]:
    """The parts of the kernel's matrices that hold ``w_up``, ``w_down``, …, by name and in the layout of a circuit."""
    n, at = circuit.sizes, model(circuit).inter
    forward, backward, threshold = weights
    upper = range(1, len(forward))
    return {
        "w_up": [w[: n[k + 1], : n[k]] for k, w in enumerate(forward)],
        "w_down": [backward[k - 1][: n[k + 1], : n[k]].T for k in upper],
        "w_ip": [forward[k][at[k] : at[k] + n[k + 1], : n[k]] for k in upper],
        "w_pi": [backward[k - 1][at[k] : at[k] + n[k + 1], : n[k]].T for k in upper],
        "b_up": [b[: n[k + 1]] for k, b in enumerate(threshold)],
        "b_ip": [threshold[k][at[k] : at[k] + n[k + 1]] for k in upper],
    }


def unpack(circuit, values=None) -> Weights:
    """Fresh padded copies of a circuit's weights, or of induction terms ``values``, which a kernel may change."""
    n, width = circuit.sizes, _widths(circuit)
    forward = tuple(np.zeros((rows, padded(pre))) for rows, pre in zip(width, n, strict=False))
    backward = tuple(np.zeros((rows, padded(pre))) for rows, pre in zip(width[1:], n[1:], strict=False))
    weights = Weights(forward, backward, tuple(np.zeros(rows) for rows in width))
    for name, parts in views(circuit, weights).items():
        given = getattr(circuit, name) if values is None else getattr(values, name.removeprefix("w_"))
        for part, array in zip(parts, given, strict=True):
            part[:] = array
    return weights


def pack(circuit, weights: Weights):
    """The circuit with these weights."""
    return replace(circuit, **{name: _copies(parts) for name, parts in views(circuit, weights).items()})


def pack_updates(circuit, induction: Weights) -> Updates:
    """Induction terms in the layout of a circuit."""
    return Updates(**{name.removeprefix("w_"): _copies(parts) for name, parts in views(circuit, induction).items()})


def _copies(parts):
    return tuple(np.array(part, order="C") for part in parts)


def _widths(circuit) -> list[int]:
    m = model(circuit)
    return [padded(at + n if k else n) for k, (n, at) in enumerate(zip(m.n, m.inter, strict=True))]


def rate_rows(circuit, rates) -> Rates:
    """Learning rates, one a row of each matrix."""
    m, width = model(circuit), _widths(circuit)
    up, ip, pi, down = (rates.per_layer(k, len(width) - (k != "up")) for k in ("up", "ip", "pi", "down"))

    def rows(k, pyramidal, inter):
        eta = np.zeros(width[k])
        eta[: m.n[k]] = pyramidal
        if k:
            eta[m.inter[k] : m.inter[k] + m.n[k]] = inter
        return eta

    forward = tuple(rows(k, up[k], ip[k - 1]) for k in range(len(width)))
    return Rates(forward, np.array(down), np.array(pi), rates.thresholds)


def levels(circuit, nudged: bool) -> tuple:
    """Work space, one (ROWS, width) array a level, with its constant rows filled in and all potentials at rest."""
    g, m = circuit.conductances, model(circuit)
    gain, top, space = transfer_code(circuit.transfer)[1], len(m.n) - 1, []
    for k, (n, at, width) in enumerate(zip(m.n, m.inter, _widths(circuit), strict=True)):
        level, pull = np.zeros((ROWS, width)), g.apical if k < top else g.somatic if nudged else 0.0
        kinds = [(slice(0, n), g.basal, pull, circuit.attenuations[k])]
        if k:
            kinds.append((slice(at, at + n), g.dendritic, g.somatic, g.attenuation_interneuron))
        for cells, own, other, attenuation in kinds:
            total = g.leak + own + other
            level[GAIN:, cells] = np.array([[gain, own / total, other / total, total, attenuation]]).T
        space.append(level)
    return tuple(space)


@njit(fastmath=SUMS, error_model="numpy")
def affine(w, x, b, out):
    """out = w @ x + b."""
    for i in range(w.shape[0]):
        total = 0.0
        for j in range(w.shape[1]):
            total += w[i, j] * x[j]
        out[i] = total + b[i]


@njit(fastmath={"contract"}, error_model="numpy")
def transposed(w, x, out):
    """out[: w.shape[1]] = w.T @ x, eight rows at a time."""
    for i in range(w.shape[1]):
        out[i] = 0.0
    for j in range(0, w.shape[0], WIDTH):
        for i in range(w.shape[1]):
            out[i] += (
                (w[j, i] * x[j] + w[j + 1, i] * x[j + 1]) + (w[j + 2, i] * x[j + 2] + w[j + 3, i] * x[j + 3])
            ) + ((w[j + 4, i] * x[j + 4] + w[j + 5, i] * x[j + 5]) + (w[j + 6, i] * x[j + 6] + w[j + 7, i] * x[j + 7]))


@njit(error_model="numpy")
def surprise(m, level, v_hat):
    """level[POST] = r - φ(v̂): the postsynaptic factor of Eqs. 7, 8 and 10."""
    r, post = level[R], level[POST]
    phi(m.kind, level[GAIN], m.beta, m.theta, v_hat, post)
    for i in range(r.size):
        post[i] = r[i] - post[i]


@njit(error_model="numpy")
def dendritic_surprise(m, level):
    """``surprise`` against the level's own dendrites, basal and of interneurons (Eqs. 7 and 8)."""
    v, attenuation, v_hat = level[V], level[ATTENUATION], level[SPARE]
    for i in range(v.size):
        v_hat[i] = attenuation[i] * v[i]
    surprise(m, level, v_hat)


@njit(fastmath=SUMS, error_model="numpy")
def apical_surprise(m, level, above, n_above, w):
    """``surprise`` of a hidden level against what the pyramidal cells above alone predict (Eq. 10)."""
    r, v_hat = above[R], level[SPARE]
    v_hat[:] = 0.0
    for j in range(n_above):
        for i in range(w.shape[1]):
            v_hat[i] += w[j, i] * r[j]
    surprise(m, level, v_hat)


@njit(error_model="numpy")
def nudge_interneurons(m, k, level):
    """Hand the somata of level k to its interneurons, which they pull (Eq. 2)."""
    u, other = level[U], level[OTHER]
    for i in range(m.n[k]):
        other[m.inter[k] + i] = u[i]
