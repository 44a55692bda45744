"""Compiled twin of ``dcm.integrate``: the Euler-Maruyama steps of Eqs. 1-5 and 7-10, fused."""

from __future__ import annotations

import numpy as np
from numba import njit

from dcm import dynamics
from dcm.kernels.compiled import (
    apical_pull,
    apical_surprise,
    copy,
    dendritic_surprise,
    nudge_interneurons,
    product,
    respond,
)
from dcm.kernels.layout import (
    BY_OTHER,
    BY_V,
    ONE,
    OTHER,
    POST,
    REST,
    TOTAL,
    R,
    U,
    V,
    levels,
    model,
    pack,
    pack_updates,
    padded,
    rate_rows,
    unpack,
    zeros,
)
from dcm.kernels.vectors import WIDTH, load, store
from dcm.learning import refuse_runaway
from dcm.plasticity import LearningRates
from dcm.state import state_of

# Reordering of sums and fused multiply-adds are allowed; NaN and infinity keep their meaning (divergence is detected).
SUMS = {"reassoc", "contract", "nsz"}


def integrate(circuit, inputs, u_targets=None, **options) -> dynamics.Recording:
    """As ``dcm.integrate``, about fifty times faster; the same noise, so the same result to rounding.

    The low-passed induction terms (``Recording.drift``) of weights with rate 0 stay as they were: nothing reads them.
    """
    return dynamics.integrate(circuit, inputs, u_targets, advance=_advance, **options)


def _advance(circuit, state, drift, r_in, u_target, kicks, stepper, where):
    """Twin of ``dynamics.euler_steps``."""
    m, s = model(circuit), levels(circuit, u_target is not None)
    for level, u, u_i, at in zip(s, state.u_p, (np.zeros(0), *state.u_i), m.inter, strict=True):
        level[U, : u.size], level[U, at : at + u_i.size] = u, u_i
    r_now, none = zeros(padded(r_in.size)), np.zeros(0)
    r_now[: r_in.size] = state.r_in
    nudge, target = (none, none) if u_target is None else (np.array(state.u_target, dtype=float), u_target)
    weights, rates = unpack(circuit), rate_rows(circuit, stepper.rates or LearningRates())
    delta = unpack(circuit, drift) if stepper.rates else unpack(circuit)
    _steps(
        m, weights, delta, rates, r_now, nudge, np.asarray(r_in, dtype=float), np.asarray(target, dtype=float), kicks,
        stepper.dt, stepper.keep_input, stepper.keep_weights, s,
    )  # fmt: skip
    if stepper.rates:
        circuit, drift = pack(circuit, weights), pack_updates(circuit, delta)
        refuse_runaway(circuit, where)
    u_p = [level[U, :n] for level, n in zip(s, m.n, strict=True)]
    u_i = [level[U, at : at + n] for level, n, at in zip(s[1:], m.n[1:], m.inter[1:], strict=True)]
    return circuit, state_of(circuit, r_now[: r_in.size], u_p, u_i, nudge if u_target is not None else None), drift


@njit(cache=True, error_model="numpy")
def _steps(m, w, delta, rates, r_now, nudge, r_in, target, kicks, dt, keep_input, keep_weights, s):
    for n in range(kicks.shape[0]):
        _dendrites(m, w, r_now, nudge, s)
        _move_weights(m, w, delta, rates, keep_weights, r_now, s)
        _move_somata(m, dt, kicks[n], s)
        for i in range(r_in.size):
            r_now[i] += keep_input * (r_in[i] - r_now[i])
        for i in range(nudge.size):
            nudge[i] += keep_input * (target[i] - nudge[i])


@njit(error_model="numpy", _nrt=False)
def _dendrites(m, w, r_now, nudge, s):
    """Rates of all somata, then all that pulls on them (Eqs. 3-5)."""
    for k in range(len(s)):
        respond(m.kind, m.beta, m.theta, s[k], U, R)
        product(w.forward[k], r_now if k == 0 else s[k - 1][R], w.threshold[k], s[k][V])
    for k in range(1, len(s)):
        product(w.backward[k - 1], s[k][R], s[k - 1][REST], s[k - 1][OTHER])
        nudge_interneurons(m, k, s[k])
    copy(nudge, s[-1][OTHER])


@njit(fastmath=SUMS, error_model="numpy", _nrt=False)
def _move_somata(m, dt, kick, s):
    """One Euler-Maruyama step of Eqs. 1 and 2; the noise comes in the order of the populations, pyramidal first."""
    at = 0
    for k in range(len(s)):
        u, v, other, by_v, by_other, total = s[k][U], s[k][V], s[k][OTHER], s[k][BY_V], s[k][BY_OTHER], s[k][TOTAL]
        for i in range(u.size):
            u[i] += dt * total[i] * (by_v[i] * v[i] + by_other[i] * other[i] - u[i])
    if kick.size:
        for k in range(len(s)):
            for i in range(m.n[k]):
                s[k][U][i] += kick[at + i]
            at += m.n[k]
        for k in range(1, len(s)):
            for i in range(m.n[k]):
                s[k][U][m.inter[k] + i] += kick[at + i]
            at += m.n[k]


@njit(_nrt=False)
def _move_weights(m, w, delta, rates, keep, r_now, s):
    """Eqs. 7-10 with the low-pass τ_w, in place."""
    for k in range(len(s)):
        if rates.forward_moves[k]:
            level, pre, eta = s[k], r_now if k == 0 else s[k - 1][R], rates.forward[k]
            dendritic_surprise(m, level)
            _follow(w.forward[k], delta.forward[k], 0, w.forward[k].shape[0], pre, eta, level[POST], keep)
            if rates.thresholds:
                _follow(w.threshold[k], delta.threshold[k], 0, 1, ONE, eta, level[POST], keep)
    for h in range(len(s) - 1):
        level, above, n, at = s[h], s[h + 1], m.n[h + 1], m.inter[h + 1]
        if rates.down[h][0] > 0.0:
            apical_surprise(m, level, above, n, w.backward[h])
            _follow(w.backward[h], delta.backward[h], 0, n, above[R], rates.down[h], level[POST], keep)
        if rates.pi[h][0] > 0.0:
            apical_pull(level)
            _follow(w.backward[h], delta.backward[h], at, at + n, above[R], rates.pi[h], level[POST], keep)


@njit(_nrt=False)
def _follow(w, delta, first, last, pre, eta, post, keep):
    """w moves by η Δ, and Δ a fraction ``keep`` = dt/τ_w of the way to pre · postᵀ, in the rows first … last."""
    n = w.shape[1]
    for i in range(0, n, WIDTH):
        rate, goal = load(eta, i), keep * load(post, i)
        for j in range(first, last):
            at = j * n + i
            old = load(delta, at)
            fresh = (1.0 - keep) * old + goal * pre[j]
            store(delta, at, fresh)
            store(w, at, load(w, at) + rate * (fresh if keep == 1.0 else old))  # without a filter Δ acts at once
