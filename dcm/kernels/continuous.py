"""Compiled twin of ``dcm.integrate``: the Euler-Maruyama steps of Eqs. 1-5 and 7-10, fused."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from numba import njit

from dcm import dynamics
from dcm.kernels.compiled import (
    APICAL,
    POST,
    SPARE,
    SUMS,
    R,
    U,
    V,
    Weights,
    add_transposed,
    affine,
    apical,
    constants,
    errors,
    pack,
    phi,
    rate_arrays,
    unpack,
    work_space,
)  # fmt: skip
from dcm.learning import refuse_runaway
from dcm.plasticity import LearningRates, Updates
from dcm.state import state_of


def integrate(circuit, inputs, u_targets=None, **options) -> dynamics.Recording:
    """As ``dcm.integrate``, about fifty times faster; the same noise, so the same result to rounding.

    The low-passed induction terms (``Recording.drift``) of weights with rate 0 stay as they were: nothing reads them.
    """
    return dynamics.integrate(circuit, inputs, u_targets, advance=_advance, **options)


def _advance(circuit, state, drift, r_in, u_target, kicks, stepper, where):
    """Twin of ``dynamics.euler_steps``."""
    p, q = work_space(circuit.sizes)
    for rows, values in ((p, state.u_p), (q, state.u_i)):
        for row, u in zip(rows, values, strict=True):
            row[U] = u
    r_now = np.array(state.r_in, dtype=float)
    none = np.zeros(0)
    nudge, target = (none, none) if u_target is None else (np.array(state.u_target, dtype=float), u_target)
    weights = unpack(circuit)
    rates = rate_arrays(stepper.rates or LearningRates(), len(p))
    delta = _unpack_drift(drift) if stepper.rates else Weights(*(tuple(0 * w for w in ws) for ws in weights))
    _steps(
        constants(circuit), weights, delta, rates, r_now, nudge, np.asarray(r_in, dtype=float),
        np.asarray(target, dtype=float), kicks, stepper.dt, stepper.keep_input, stepper.keep_weights, p, q,
    )  # fmt: skip
    if stepper.rates:
        circuit, drift = pack(circuit, weights), _pack_drift(delta)
        refuse_runaway(circuit, where)
    u_p, u_i = [row[U] for row in p], [row[U] for row in q]
    return circuit, state_of(circuit, r_now, u_p, u_i, nudge if u_target is not None else None), drift


# Δ lives in the layout of the weights that it moves.
_LAYOUT = {"w_up": "up", "w_down_t": "down", "w_ip": "ip", "w_pi_t": "pi", "b_up": "b_up", "b_ip": "b_ip"}


def _unpack_drift(drift: Updates) -> Weights:
    turned = {name: [d.T if name.endswith("_t") else d for d in getattr(drift, _LAYOUT[name])] for name in _LAYOUT}
    return Weights(**{name: tuple(np.array(d, dtype=float, order="C") for d in ds) for name, ds in turned.items()})


def _pack_drift(delta: Weights) -> Updates:
    named = {_LAYOUT[name]: tuple(d.T if name.endswith("_t") else d for d in getattr(delta, name)) for name in _LAYOUT}
    return Updates(**{f.name: named[f.name] for f in fields(Updates)})


@njit(cache=True, error_model="numpy")
def _steps(c, w, delta, rates, r_now, nudge, r_in, target, kicks, dt, keep_input, keep_weights, p, q):
    for n in range(kicks.shape[0]):
        _dendrites(c, w, r_now, p, q)
        _move_weights(c, w, delta, rates, keep_weights, r_now, p, q)
        _move_somata(c, nudge, dt, kicks[n], p, q)
        for i in range(r_now.size):
            r_now[i] += keep_input * (r_in[i] - r_now[i])
        for i in range(nudge.size):
            nudge[i] += keep_input * (target[i] - nudge[i])


@njit
def _dendrites(c, w, r_now, p, q):
    """Rates of all somata, then Eqs. 3-5."""
    for k in range(len(p)):
        phi(c.kind, c.gamma, c.beta, c.theta, p[k][U], p[k][R])
        affine(w.w_up[k], r_now if k == 0 else p[k - 1][R], w.b_up[k], p[k][V])
    for h in range(len(q)):
        phi(c.kind, c.gamma, c.beta, c.theta, q[h][U], q[h][R])
        affine(w.w_ip[h], p[h][R], w.b_ip[h], q[h][V])
        apical(w, h, p, q)


@njit(fastmath=SUMS, error_model="numpy")
def _move_somata(c, nudge, dt, kick, p, q):
    """One Euler-Maruyama step of Eqs. 1 and 2, from the output downwards: interneurons need the old soma above."""
    top, at = len(p) - 1, 0
    for k in range(top + 1):
        u, v, du = p[k][U], p[k][V], p[k][SPARE]
        for i in range(u.size):
            du[i] = -c.leak * u[i] + c.basal * (v[i] - u[i])
        if k < top:
            for i in range(u.size):
                du[i] += c.apical * (p[k][APICAL][i] - u[i])
        elif nudge.size:
            for i in range(u.size):
                du[i] += c.somatic * (nudge[i] - u[i])
    for h in range(top):
        u, v, above = q[h][U], q[h][V], p[h + 1][U]
        for i in range(u.size):
            u[i] += dt * (-c.leak * u[i] + c.dendritic * (v[i] - u[i]) + c.somatic * (above[i] - u[i]))
    for k in range(top + 1):
        u, du = p[k][U], p[k][SPARE]
        for i in range(u.size):
            u[i] += dt * du[i]
    if kick.size:
        for k in range(top + 1):
            for i in range(p[k].shape[1]):
                p[k][U][i] += kick[at + i]
            at += p[k].shape[1]
        for h in range(top):
            for i in range(q[h].shape[1]):
                q[h][U][i] += kick[at + i]
            at += q[h].shape[1]


@njit(fastmath=SUMS, error_model="numpy")
def _follow(w, delta, eta, keep, post, pre):
    """w moves by η Δ, and Δ a fraction ``keep`` = dt/τ_w of the way to post · preᵀ (at once when keep is 1)."""
    for i in range(w.shape[0]):
        for j in range(w.shape[1]):
            fresh = delta[i, j] + keep * (post[i] * pre[j] - delta[i, j])
            w[i, j] += eta * (fresh if keep == 1.0 else delta[i, j])
            delta[i, j] = fresh


@njit(fastmath=SUMS, error_model="numpy")
def _follow_threshold(b, delta, eta, keep, post):
    for i in range(b.size):
        fresh = delta[i] + keep * (post[i] - delta[i])
        b[i] += eta * (fresh if keep == 1.0 else delta[i])
        delta[i] = fresh


@njit(error_model="numpy")
def _move_weights(c, w, delta, rates, keep, r_now, p, q):
    """Eqs. 7-10 with the low-pass τ_w, in place."""
    top = len(p) - 1
    for k in range(top + 1):
        pk = p[k]
        if rates.up[k] > 0.0:
            load = c.apical if k < top else 0.0
            errors(c, pk[U], pk[V], c.basal / (c.leak + c.basal + load), pk[SPARE], pk[POST], pk[R])
            _follow(w.w_up[k], delta.w_up[k], rates.up[k], keep, pk[POST], r_now if k == 0 else p[k - 1][R])
            if rates.thresholds:
                _follow_threshold(w.b_up[k], delta.b_up[k], rates.up[k], keep, pk[POST])
    for h in range(top):
        ph, qh = p[h], q[h]
        if rates.down[h] > 0.0:
            ph[SPARE][:] = 0.0
            add_transposed(w.w_down_t[h], p[h + 1][R], ph[SPARE])
            errors(c, ph[U], ph[SPARE], 1.0, ph[SPARE], ph[POST], ph[R])
            _follow(w.w_down_t[h], delta.w_down_t[h], rates.down[h], keep, p[h + 1][R], ph[POST])
        if rates.ip[h] > 0.0:
            errors(c, qh[U], qh[V], c.dendritic / (c.leak + c.dendritic), qh[SPARE], qh[POST], qh[R])
            _follow(w.w_ip[h], delta.w_ip[h], rates.ip[h], keep, qh[POST], ph[R])
            if rates.thresholds:
                _follow_threshold(w.b_ip[h], delta.b_ip[h], rates.ip[h], keep, qh[POST])
        if rates.pi[h] > 0.0:
            for i in range(ph.shape[1]):
                ph[SPARE][i] = -ph[APICAL][i]
            _follow(w.w_pi_t[h], delta.w_pi_t[h], rates.pi[h], keep, qh[R], ph[SPARE])
