"""The loops that both kernels share: products, rates and the postsynaptic factors of Eqs. 7-10, on a level's rows.

They are compiled without reference counting (``_nrt=False``), which costs more than the arithmetic of such short rows,
and so may not make arrays.
"""

from __future__ import annotations

from numba import njit

from dcm.kernels.levels import ATTENUATION, GAIN, OTHER, POST, SPARE, R, U, V
from dcm.kernels.old_phi import phi
from dcm.kernels.old_vectors import WIDTH, fill, load, store
from dcm.settle.learning import RUNAWAY

# Reordering of sums and fused multiply-adds are allowed; NaN and infinity keep their meaning (divergence is detected).
SUMS = {"reassoc", "contract", "nsz"}


@njit(_nrt=False, forceinline=True)
def copy(values, out):
    """Write ``values`` to the beginning of ``out``."""
    for i in range(values.size):
        out[i] = values[i]


@njit(_nrt=False, forceinline=True)
def product(w, x, b, out):
    """out = b + x @ w, eight senders at a time."""
    n = w.shape[1]
    for i in range(0, n, WIDTH):
        store(out, i, load(b, i))
    for j in range(0, w.shape[0], 8):
        x0, x1, x2, x3 = fill(x[j]), fill(x[j + 1]), fill(x[j + 2]), fill(x[j + 3])
        x4, x5, x6, x7 = fill(x[j + 4]), fill(x[j + 5]), fill(x[j + 6]), fill(x[j + 7])
        for i in range(0, n, WIDTH):
            at = j * n + i
            first = (load(w, at) * x0 + load(w, at + n) * x1) + (
                load(w, at + 2 * n) * x2 + load(w, at + 3 * n) * x3
            )
            at += 4 * n
            second = (load(w, at) * x4 + load(w, at + n) * x5) + (
                load(w, at + 2 * n) * x6 + load(w, at + 3 * n) * x7
            )
            store(out, i, load(out, i) + (first + second))


@njit(_nrt=False)
def respond(kind, beta, theta, level, source, target):
    """Rates of the potentials in row ``source`` of a level, into its row ``target``."""
    phi(kind, level[GAIN], beta, theta, level[source], level[target])


@njit(_nrt=False, forceinline=True)
def surprise(m, level):
    """level[POST] = r - φ(v̂), with v̂ in level[SPARE]: the postsynaptic factor of Eqs. 7, 8 and 10."""
    respond(m.kind, m.beta, m.theta, level, SPARE, POST)
    for i in range(0, level.shape[1], WIDTH):
        store(level[POST], i, load(level[R], i) - load(level[POST], i))


@njit(_nrt=False, forceinline=True)
def dendritic_surprise(m, level):
    """``surprise`` against the level's own dendrites, basal and of interneurons (Eqs. 7 and 8)."""
    for i in range(0, level.shape[1], WIDTH):
        store(level[SPARE], i, load(level[ATTENUATION], i) * load(level[V], i))
    surprise(m, level)


@njit(_nrt=False)
def apical_surprise(m, level, above, n_above, w):
    """``surprise`` of a hidden level against what the pyramidal cells above alone predict (Eq. 10)."""
    for i in range(0, w.shape[1], WIDTH):
        total = fill(0.0)
        for j in range(n_above):
            total = total + load(w, j * w.shape[1] + i) * above[R, j]
        store(level[SPARE], i, total)
    surprise(m, level)


@njit(_nrt=False, forceinline=True)
def apical_pull(level):
    """level[POST] = 0 - v_apical: the postsynaptic factor of Eq. 9."""
    for i in range(0, level.shape[1], WIDTH):
        store(level[POST], i, 0.0 - load(level[OTHER], i))


@njit(_nrt=False, forceinline=True)
def nudge_interneurons(m, k, level):
    """Hand the somata of level k to its interneurons, which they pull (Eq. 2)."""
    for i in range(m.n[k]):
        level[OTHER, m.inter[k] + i] = level[U, i]


@njit(_nrt=False)
def sensible(w):
    """Whether every weight is a number below ``RUNAWAY``."""
    return _below(w.forward) and _below(w.backward) and _below(w.threshold)


@njit(_nrt=False)
def _below(matrices):
    for k in range(len(matrices)):
        for row in range(matrices[k].shape[0]):
            for column in range(matrices[k].shape[1]):
                if not abs(matrices[k][row, column]) < RUNAWAY:
                    return False
    return True
