"""How the kernels see a circuit: all layers stacked in a few arrays of zero-padded rows.

The columns of layer k hold its n_k pyramidal cells and, from layer 2 on, behind them the n_k
interneurons of the layer below, which read the same rates. Columns beyond are 0.
"""

from collections import namedtuple
from dataclasses import replace

import numpy as np

from dcm.kernels.memory import CACHE_LINE, padded
from dcm.model import checks
from dcm.model.circuit import LEARNING
from dcm.model.plasticity import Updates
from dcm.model.state import State
from dcm.model.transfer import Logistic, SoftRectifier

VECTOR = CACHE_LINE // 8  # float64 numbers in the widest vector

# Work space (ROWS, N + 1, width): what each neuron has. A soma u relaxes to BY_V · v + BY_PULL ·
# pull with the total conductance TOTAL, where v is its basal (interneurons: only) dendrite, and its
# pull the apical dendrite (hidden layers), the target (output) or the soma above (interneurons;
# not in PULL). v̂ = ATTENUATION · v. POST and ETA are postsynaptic factors and learning rates of
# synapses on v, and of apical ones from pyramidal cells (DOWN) and interneurons (PI).
# NumPy's numbers: Numba compiles anew for every Python number.
ROWS = 15
U, R, V, PULL, HAT, POST, POST_DOWN, POST_PI = np.arange(8)
BY_V, BY_PULL, TOTAL, ATTENUATION, ETA, ETA_DOWN, ETA_PI = np.arange(8, 15)
UP, DOWN, PI = (POST, ETA), (POST_DOWN, ETA_DOWN), (POST_PI, ETA_PI)

# n[k]: neurons of layer k; cells[k], pyramidal[k]: vectors that its columns and its pyramidal cells
# fill; logistic … theta: φ; up[k], down[k], pi[k]: what learns there; thresholds: whether they do.
Model = namedtuple("Model", "n cells pyramidal logistic gamma beta theta up down pi thresholds")

# Matrices, or induction terms, with a row per sender, thresholds (backward: zeros) in row 0.
# forward[k]: layer k to the v of layer k + 1, w_upᵀ[k] beside w_ipᵀ[k-1];
# backward[h]: layer h + 2 to the apical dendrites of layer h + 1, w_downᵀ[h] above w_piᵀ[h].
Weights = namedtuple("Weights", "forward backward")


def model(circuit, s, thresholds: bool) -> Model:
    """The numbers of a circuit; its work space ``s`` says what learns."""
    phi = circuit.transfer
    if type(phi) not in (Logistic, SoftRectifier):  # a subclass may be another function
        remedy = "use the plain dcm.learn or dcm.integrate"
        found = f"circuit.transfer is {checks.shown(phi)}"
        raise TypeError(f"{found}, which has no compiled form; {remedy}")
    n = np.array(circuit.sizes)
    columns = np.append(n[:2], 2 * n[2:])
    return Model(
        n=n,
        cells=-(-columns // VECTOR),
        pyramidal=-(-n // VECTOR),
        logistic=type(phi) is Logistic,
        gamma=float(getattr(phi, "gamma", 1.0)),
        beta=float(getattr(phi, "beta", 1.0)),
        theta=float(getattr(phi, "theta", 0.0)),
        up=s[ETA].any(axis=1),
        down=s[ETA_DOWN].any(axis=1),
        pi=s[ETA_PI].any(axis=1),
        thresholds=bool(thresholds),
    )


def work_space(circuit, rates, nudged: bool) -> np.ndarray:
    """(ROWS, N + 1, width) with the constant rows filled in and all potentials at rest."""
    g = circuit.conductances
    n = circuit.sizes
    top = len(n) - 1
    up = rates.per_layer("up", top)
    ip, pi, down = (rates.per_layer(kind, top - 1) for kind in ("ip", "pi", "down"))
    s = padded((ROWS, top + 1, max(n[0], n[1], *(2 * m for m in n[2:]))))

    def cells(k, first, own, pull, attenuation, eta):
        total = g.leak + own + pull
        constants = (own / total, pull / total, total, attenuation, eta)
        s[BY_V : ETA + 1, k, first : first + n[k]] = np.reshape(constants, (5, 1))

    for k in range(1, top):
        cells(k, 0, g.basal, g.apical, g.attenuation_hidden, up[k - 1])
        s[ETA_PI, k, : n[k]] = pi[k - 1]
        s[ETA_DOWN, k, : n[k]] = down[k - 1]
    cells(top, 0, g.basal, g.somatic if nudged else 0.0, g.attenuation_output, up[top - 1])
    for k in range(2, top + 1):
        cells(k, n[k], g.dendritic, g.somatic, g.attenuation_interneuron, ip[k - 2])
    return s


def state_views(circuit, s, nudged: bool) -> State:
    """The state in a work space, as views of it."""
    n = circuit.sizes
    layers = range(1, len(n))
    return State(
        r_in=s[R, 0, : n[0]],
        u_p=tuple(s[U, k, : n[k]] for k in layers),
        v_basal=tuple(s[V, k, : n[k]] for k in layers),
        u_i=tuple(s[U, k, n[k] : 2 * n[k]] for k in layers[1:]),
        v_apical=tuple(s[PULL, k, : n[k]] for k in layers[:-1]),
        v_inter=tuple(s[V, k, n[k] : 2 * n[k]] for k in layers[1:]),
        u_target=s[PULL, -1, : n[-1]] if nudged else None,
    )


def views(circuit, weights: Weights) -> dict[str, tuple]:
    """The parts of the kernel's matrices that hold ``w_up`` … ``b_ip``, laid out as in circuits."""
    n = circuit.sizes
    forward, backward = weights
    layers = range(len(n) - 1)
    hidden = range(len(n) - 2)
    return {
        "w_up": tuple(forward[k, 1 : 1 + n[k], : n[k + 1]].T for k in layers),
        "w_down": tuple(backward[h, 1 : 1 + n[h + 2], : n[h + 1]].T for h in hidden),
        "w_ip": tuple(forward[h + 1, 1 : 1 + n[h + 1], n[h + 2] : 2 * n[h + 2]].T for h in hidden),
        "w_pi": tuple(backward[h, 1 + n[h + 2] : 1 + 2 * n[h + 2], : n[h + 1]].T for h in hidden),
        "b_up": tuple(forward[k, 0, : n[k + 1]] for k in layers),
        "b_ip": tuple(forward[h + 1, 0, n[h + 2] : 2 * n[h + 2]] for h in hidden),
    }


def unpack(circuit, induction=None) -> Weights:
    """Padded copies of a circuit's weights, or of its induction terms, for a kernel to change."""
    n = circuit.sizes
    columns = max(n[1], *(2 * m for m in n[2:]))
    forward = padded((len(n) - 1, 1 + max(n[:-1]), columns))
    backward = padded((len(n) - 2, 1 + 2 * max(n[2:]), max(n[1:-1])))
    weights = Weights(forward, backward)
    for name, parts in views(circuit, weights).items():
        field, _ = LEARNING[name]
        given = getattr(circuit, name) if induction is None else getattr(induction, field)
        for part, array in zip(parts, given, strict=True):
            part[:] = array
    return weights


def pack(circuit, weights: Weights, rates, dtype=float):
    """The circuit with these weights as ``dtype``; those that do not learn stay what they were."""
    learned = {}
    for name, new in views(circuit, weights).items():
        old = getattr(circuit, name)
        etas = rates.per_layer(LEARNING[name][1], len(old))
        if name.startswith("w_") or rates.thresholds:
            arrays = zip(new, old, etas, strict=True)
            learned[name] = tuple(x.astype(dtype, order="C") if eta else w for x, w, eta in arrays)
    return replace(circuit, **learned)


def pack_induction(circuit, induction: Weights) -> Updates:
    """Induction terms in the layout of a circuit."""
    terms = {}
    for name, parts in views(circuit, induction).items():
        terms[LEARNING[name][0]] = tuple(x.copy(order="C") for x in parts)
    return Updates(**terms)


def rows(patterns) -> np.ndarray:
    """``patterns`` as compiled code takes them: a C-ordered, writeable array, at best as it is."""
    return np.require(patterns, float, ["C", "A", "W"])
