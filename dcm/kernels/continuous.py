"""Compiled twin of ``dcm.integrate``: the Euler-Maruyama steps of Eqs. 1-5 and 7-10, fused."""

from __future__ import annotations

from dataclasses import fields, replace
from types import SimpleNamespace

import numpy as np
from numba import njit

from dcm.kernels.compiled import (
    SUMS,
    apical_pull,
    apical_surprise,
    copy,
    dendritic_surprise,
    nudge_interneurons,
    product,
    respond,
    sensible,
)
from dcm.kernels.levels import (
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
    observed,
    pack,
    pack_updates,
    padded,
    rate_rows,
    unpack,
    views,
    zeros,
)
from dcm.kernels.old_vectors import WIDTH, load, store
from dcm.model.plasticity import LearningRates
from dcm.model.state import State
from dcm.settle import dynamics
from dcm.settle.learning import refuse_runaway


def integrate(circuit, inputs, u_targets=None, **options) -> dynamics.Recording:
    """As ``dcm.integrate``, about a hundred times faster; the same noise, so the same result to rounding.

    How a series is cut into calls (``start`` being the recording before) or recorded does not change a bit.
    The low-passed induction terms (``Recording.drift``) of weights with rate 0 may stay as they were: nothing reads
    them.
    """
    run = _Run()
    return run.detached(dynamics.integrate(circuit, inputs, u_targets, advance=run, **options))


class _Run:
    """Twin of ``dynamics.euler_steps`` that keeps circuit and state in the kernel's memory between its calls.

    A call returns views of that memory, good for reading until the next call.
    """

    def __init__(self):
        self.views = None

    def __call__(self, circuit, state, drift, r_in, u_target, kicks, stepper, where):
        if self.views is None:
            self._begin(circuit, state, drift, stepper, nudged=u_target is not None)
        r_in, target = (
            np.ascontiguousarray(x, dtype=float)
            for x in (r_in, () if u_target is None else u_target)
        )
        sensible = _steps(
            self.model, self.weights, self.delta, self.rates, self.r_now, self.nudge, r_in, target, kicks,
            stepper.dt, stepper.keep_input, stepper.keep_weights, self.levels,
        )  # fmt: skip
        if stepper.rates and not sensible:
            refuse_runaway(self.views[0], where)
        return self.views

    def _begin(self, circuit, state, drift, stepper, nudged):
        self.circuit, self.model, self.levels = circuit, model(circuit), levels(circuit, nudged)
        self.weights, self.plastic = unpack(circuit), stepper.rates is not None
        self.delta = (
            unpack(circuit, drift) if self.plastic else self.weights
        )  # without plasticity nothing reads it
        self.rates = rate_rows(circuit, stepper.rates or LearningRates())
        self.r_now, self.nudge = (
            zeros(padded(state.r_in.size)),
            np.array(state.u_target if nudged else (), dtype=float),
        )
        parts = SimpleNamespace(**views(circuit, self.weights))
        here = observed(circuit, self.levels, self.r_now, self.nudge if nudged else None)
        for mine, given in (
            (here.u_p, state.u_p),
            (here.u_i, state.u_i),
            ([here.r_in], [state.r_in]),
        ):
            for part, values in zip(mine, given, strict=True):
                part[:] = values
        self.views = parts, here, drift

    def detached(self, recording):
        """The recording with copies in place of the views."""
        if self.views is None:
            return recording
        state = State(*(_copied(getattr(self.views[1], f.name)) for f in fields(State)))
        if not self.plastic:
            return replace(recording, state=state, circuit=self.circuit)
        circuit, drift = pack(self.circuit, self.weights), pack_updates(self.circuit, self.delta)
        return replace(recording, state=state, circuit=circuit, drift=drift)


def _copied(value):
    return (
        tuple(map(np.array, value))
        if isinstance(value, tuple)
        else None
        if value is None
        else np.array(value)
    )


@njit(cache=True, error_model="numpy")
def _steps(m, w, delta, rates, r_now, nudge, r_in, target, kicks, dt, keep_input, keep_weights, s):
    """One Euler-Maruyama step per row of ``kicks``, then the dendrites that belong; False if a weight ran away."""
    for n in range(kicks.shape[0]):
        _dendrites(m, w, r_now, nudge, s)
        _move_weights(m, w, delta, rates, keep_weights, r_now, s)
        _move_somata(m, dt, kicks[n], s)
        for i in range(r_in.size):
            r_now[i] += keep_input * (r_in[i] - r_now[i])
        for i in range(nudge.size):
            nudge[i] += keep_input * (target[i] - nudge[i])
    _dendrites(m, w, r_now, nudge, s)
    return sensible(w)


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
        u, v, other, by_v, by_other, total = (
            s[k][U],
            s[k][V],
            s[k][OTHER],
            s[k][BY_V],
            s[k][BY_OTHER],
            s[k][TOTAL],
        )
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
            _follow(
                w.forward[k],
                delta.forward[k],
                0,
                w.forward[k].shape[0],
                pre,
                eta,
                level[POST],
                keep,
            )
            if rates.thresholds:
                _follow(w.threshold[k], delta.threshold[k], 0, 1, ONE, eta, level[POST], keep)
    for h in range(len(s) - 1):
        level, above, n, at = s[h], s[h + 1], m.n[h + 1], m.inter[h + 1]
        if rates.down[h][0] > 0.0:
            apical_surprise(m, level, above, n, w.backward[h])
            _follow(
                w.backward[h], delta.backward[h], 0, n, above[R], rates.down[h], level[POST], keep
            )
        if rates.pi[h][0] > 0.0:
            apical_pull(level)
            _follow(
                w.backward[h],
                delta.backward[h],
                at,
                at + n,
                above[R],
                rates.pi[h],
                level[POST],
                keep,
            )


@njit(_nrt=False)
def _follow(w, delta, first, last, pre, eta, post, keep):
    """w moves by η Δ, and Δ a fraction ``keep`` = dt/τ_w of the way to pre · postᵀ, in the rows first … last."""
    n, at_once = w.shape[1], keep == 1.0  # without a filter
    for j in range(first, last):
        towards = keep * pre[j]
        for i in range(0, n, WIDTH):
            at = j * n + i
            old = load(delta, at)
            fresh = (1.0 - keep) * old + towards * load(post, i)
            store(delta, at, fresh)
            store(w, at, load(w, at) + load(eta, i) * (fresh if at_once else old))
