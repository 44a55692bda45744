"""Products, rates and brackets of Eqs. 7-10: what the steady and the continuous kernel share."""

import math

from numba import njit

from dcm.kernels.levels import ATTENUATION, HAT, POST, POST_DOWN, POST_PI, PULL, VECTOR, R, V
from dcm.kernels.phi import EXACT, logistic, softplus

# Helpers become part of the loop: called, they would differ in a process that loads compiled code.
INLINE = {"forceinline": True}
# Sums may be reordered; NaN and infinity keep their meaning: they show that learning diverged.
SUMS = {"fastmath": {"reassoc", "contract", "nsz"}, "error_model": "numpy", **INLINE}


@njit(**SUMS)
def product(w, k, s, source, n, to, layer, vectors):
    """s[to, layer] = thresholds + rates of the first n cells of layer ``source`` @ w[k]."""
    for i in range(VECTOR * vectors):
        s[to, layer, i] = w[k, 0, i]
    fours = n - n % 4
    for j in range(0, fours, 4):
        r0 = s[R, source, j]
        r1 = s[R, source, j + 1]
        r2 = s[R, source, j + 2]
        r3 = s[R, source, j + 3]
        for i in range(VECTOR * vectors):
            first = r0 * w[k, j + 1, i] + r1 * w[k, j + 2, i]
            second = r2 * w[k, j + 3, i] + r3 * w[k, j + 4, i]
            s[to, layer, i] += first + second
    for j in range(fours, n):
        for i in range(VECTOR * vectors):
            s[to, layer, i] += s[R, source, j] * w[k, j + 1, i]


@njit(**SUMS)
def basal(m, w, s, k):
    """Eqs. 3 and 5: basal dendrites of layer k, and dendrites of its interneurons."""
    product(w.forward, k - 1, s, k - 1, m.n[k - 1], V, k, m.cells[k])


@njit(**SUMS)
def apical(m, w, s, k):
    """Eq. 4: apical dendrites of hidden layer k."""
    product(w.backward, k - 1, s, k + 1, 2 * m.n[k + 1], PULL, k, m.pyramidal[k])


@njit(**EXACT, **INLINE)
def respond(m, s, source, to, k):
    """s[to, k] = φ(s[source, k])."""
    if m.logistic:
        for i in range(VECTOR * m.cells[k]):
            s[to, k, i] = logistic(s[source, k, i])
    else:
        for i in range(VECTOR * m.cells[k]):
            s[to, k, i] = m.gamma * softplus(m.beta * (s[source, k, i] - m.theta))


@njit(**SUMS)
def brackets(m, w, s):
    """Postsynaptic factors of all that learns, from rates and dendrites that belong together."""
    for k in range(1, m.n.size):
        if m.up[k]:  # Eqs. 7 and 8: r - φ(v̂)
            for i in range(VECTOR * m.cells[k]):
                s[HAT, k, i] = s[ATTENUATION, k, i] * s[V, k, i]
            respond(m, s, HAT, POST, k)
            for i in range(VECTOR * m.cells[k]):
                s[POST, k, i] = s[R, k, i] - s[POST, k, i]
    for k in range(1, m.n.size - 1):
        if m.pi[k]:  # Eq. 9: 0 - v_apical
            for i in range(VECTOR * m.pyramidal[k]):
                s[POST_PI, k, i] = -s[PULL, k, i]
        if m.down[k]:  # Eq. 10: r - φ(w_down r_above)
            product(w.backward, k - 1, s, k + 1, m.n[k + 1], HAT, k, m.pyramidal[k])
            respond(m, s, HAT, POST_DOWN, k)
            for i in range(VECTOR * m.pyramidal[k]):
                s[POST_DOWN, k, i] = s[R, k, i] - s[POST_DOWN, k, i]


@njit(**SUMS)
def reach(m, s, post, k, source):
    """More than the largest |pre · post| of synapses from ``source`` on layer k, thresholds too."""
    sent = 1.0
    for i in range(VECTOR * m.cells[source]):
        sent += s[R, source, i] * s[R, source, i]
    received = 0.0
    for i in range(VECTOR * m.cells[k]):
        received += s[post, k, i] * s[post, k, i]
    return math.sqrt(sent * received)


@njit(**SUMS)
def larger(a, b):
    """The larger of two numbers, or NaN if one is."""
    return a if a > b or a != a else b
