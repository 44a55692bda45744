"""How the kernels see a circuit: levels of neurons in padded rows.

Level k holds the pyramidal cells of layer k + 1 and, for k > 0, behind them the interneurons of the hidden layer
below, which read the same rates: one matrix, one row of numbers and one call of φ serve both. Every row is padded with
silent neurons (gain and weights 0) to whole vectors, and begins where a cache line does.
"""

from __future__ import annotations

from collections import namedtuple
from dataclasses import replace

import numpy as np

from dcm.kernels.old_phi import LOGISTIC, SOFT_RECTIFIER
from dcm.kernels.old_vectors import WIDTH
from dcm.model.plasticity import Updates
from dcm.model.state import State
from dcm.model.transfer import Logistic, SoftRectifier

# Matrices have a row for each sender and a column for each receiver. forward[k]: layer k to level k, w_upᵀ[k] beside
# w_ipᵀ[k-1]; backward[h]: level h + 1 to layer h + 1, w_downᵀ[h] above w_piᵀ[h]; threshold[k]: one row, b_up[k] beside
# b_ip[k-1]. Induction terms have the same form.
Weights = namedtuple("Weights", "forward backward threshold")
# Learning rates of each receiver: forward[k] (η_up beside η_ip), down[h] and pi[h]; whether forward[k] moves at all.
Rates = namedtuple("Rates", "forward down pi thresholds forward_moves")
# Sizes of the levels: neurons of each kind, and where the interneurons begin.
Model = namedtuple("Model", "n inter kind beta theta")

# Rows of a level. The soma u relaxes to BY_V · v + BY_OTHER · other with total conductance TOTAL, where other is the
# apical dendrite (hidden), the target (output) or the soma above (interneurons); v̂ is ATTENUATION · v.
ROWS = 12
U, R, V, OTHER, SPARE, POST, REST, GAIN, BY_V, BY_OTHER, TOTAL, ATTENUATION = range(ROWS)
ONE = np.ones(1)  # what a threshold has as its presynaptic rate


def zeros(*shape) -> np.ndarray:
    """As ``np.zeros``, beginning at a multiple of 64 bytes, so that no vector crosses two cache lines."""
    size = int(np.prod(shape))
    memory = np.zeros(size + WIDTH)
    first = -memory.ctypes.data % 64 // 8
    return memory[first : first + size].reshape(shape)


def padded(n: int) -> int:
    """The next multiple of ``WIDTH``."""
    return -(-n // WIDTH) * WIDTH


def model(circuit) -> Model:
    """Sizes and transfer function as plain numbers."""
    n, top = circuit.sizes[1:], len(circuit.sizes) - 2
    inter = tuple(
        m if k == top else padded(m) for k, m in enumerate(n)
    )  # rates that are read again stay aligned
    kind, _, beta, theta = transfer_code(circuit.transfer)
    return Model(n, inter, kind, beta, theta)


def transfer_code(transfer) -> tuple[int, float, float, float]:
    """(kind, γ, β, θ) of a transfer function the kernels know; ``TypeError`` naming the remedy otherwise."""
    if type(transfer) is Logistic:  # a subclass may be another function
        return LOGISTIC, 1.0, 1.0, 0.0
    if type(transfer) is SoftRectifier:
        return SOFT_RECTIFIER, transfer.gamma, transfer.beta, transfer.theta
    raise TypeError(
        f"no compiled form of the transfer function {transfer!r}; use the plain dcm.learn or dcm.integrate"
    )


def views(circuit, weights: Weights) -> dict[str, tuple]:
    """The parts of the kernel's matrices that hold ``w_up``, ``w_down``, …, by name and in the layout of a circuit."""
    n, at = circuit.sizes, model(circuit).inter
    forward, backward, threshold = weights
    upper = range(1, len(forward))
    return {
        "w_up": tuple(w[: n[k], : n[k + 1]].T for k, w in enumerate(forward)),
        "w_down": tuple(backward[k - 1][: n[k + 1], : n[k]].T for k in upper),
        "w_ip": tuple(forward[k][: n[k], at[k] : at[k] + n[k + 1]].T for k in upper),
        "w_pi": tuple(backward[k - 1][at[k] : at[k] + n[k + 1], : n[k]].T for k in upper),
        "b_up": tuple(b[0, : n[k + 1]] for k, b in enumerate(threshold)),
        "b_ip": tuple(threshold[k][0, at[k] : at[k] + n[k + 1]] for k in upper),
    }


def observed(circuit, space, r_in, u_target) -> State:
    """The state in a work space, as views of it."""
    m, upper = model(circuit), range(1, len(space))

    def pyramidal(row, levels):
        return tuple(level[row, :n] for level, n in zip(levels, m.n, strict=False))

    def inter(row):
        return tuple(space[k][row, m.inter[k] : m.inter[k] + m.n[k]] for k in upper)

    return State(r_in[: circuit.sizes[0]], pyramidal(U, space), pyramidal(V, space), inter(U),
                 pyramidal(OTHER, space[:-1]), inter(V), u_target)  # fmt: skip


def unpack(circuit, values=None) -> Weights:
    """Fresh padded copies of a circuit's weights, or of induction terms ``values``, which a kernel may change."""
    n, width = circuit.sizes, _widths(circuit)
    forward = tuple(zeros(padded(pre), post) for pre, post in zip(n, width, strict=False))
    backward = tuple(zeros(pre, padded(post)) for pre, post in zip(width[1:], n[1:], strict=False))
    weights = Weights(forward, backward, tuple(zeros(1, post) for post in width))
    for name, parts in views(circuit, weights).items():
        given = (
            getattr(circuit, name) if values is None else getattr(values, name.removeprefix("w_"))
        )
        for part, array in zip(parts, given, strict=True):
            part[:] = array
    return weights


def pack(circuit, weights: Weights):
    """The circuit with these weights."""
    return replace(
        circuit, **{name: _copies(parts) for name, parts in views(circuit, weights).items()}
    )


def pack_updates(circuit, induction: Weights) -> Updates:
    """Induction terms in the layout of a circuit."""
    return Updates(
        **{
            name.removeprefix("w_"): _copies(parts)
            for name, parts in views(circuit, induction).items()
        }
    )


def _copies(parts):
    return tuple(np.array(part, order="C") for part in parts)


def _widths(circuit) -> list[int]:
    m = model(circuit)
    return [padded(at + n if k else n) for k, (n, at) in enumerate(zip(m.n, m.inter, strict=True))]


def rate_rows(circuit, rates) -> Rates:
    """Learning rates, one a column of each matrix."""
    m, width = model(circuit), _widths(circuit)
    up, ip, pi, down = (
        rates.per_layer(k, len(width) - (k != "up")) for k in ("up", "ip", "pi", "down")
    )

    def row(columns, *parts):
        eta = zeros(columns)
        for first, n, value in parts:
            eta[first : first + n] = value
        return eta

    forward = [row(width[0], (0, m.n[0], up[0]))]
    for k in range(1, len(width)):
        forward.append(row(width[k], (0, m.n[k], up[k]), (m.inter[k], m.n[k], ip[k - 1])))
    down, pi = (
        tuple(row(padded(n), (0, n, eta)) for n, eta in zip(m.n, etas, strict=False))
        for etas in (down, pi)
    )
    return Rates(
        tuple(forward), down, pi, rates.thresholds, np.array([eta.any() for eta in forward])
    )


def levels(circuit, nudged: bool) -> tuple:
    """Work space, one (ROWS, width) array a level, with its constant rows filled in and all potentials at rest."""
    g, m = circuit.conductances, model(circuit)
    gain, top, space = transfer_code(circuit.transfer)[1], len(m.n) - 1, []
    for k, (n, at, width) in enumerate(zip(m.n, m.inter, _widths(circuit), strict=True)):
        level, pull = zeros(ROWS, width), g.apical if k < top else g.somatic if nudged else 0.0
        kinds = [(slice(0, n), g.basal, pull, circuit.attenuations[k])]
        if k:
            kinds.append((slice(at, at + n), g.dendritic, g.somatic, g.attenuation_interneuron))
        for cells, own, other, attenuation in kinds:
            total = g.leak + own + other
            level[GAIN:, cells] = np.array(
                [[gain, own / total, other / total, total, attenuation]]
            ).T
        space.append(level)
    return tuple(space)
