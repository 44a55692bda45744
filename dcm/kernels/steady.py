"""Compiled twin of ``dcm.learn`` with ``equilibrium`` and ``plasticity``: one steady state per pattern (Eqs. 1-10)."""

from __future__ import annotations

import numpy as np
from numba import njit

from dcm import checks
from dcm.equilibrium import equilibrium
from dcm.kernels.compiled import (
    APICAL,
    POST,
    SPARE,
    SUMS,
    R,
    U,
    V,
    add_outer,
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
from dcm.learning import RUNAWAY, DivergenceError, Trace, checked_series, rate_of, refuse_runaway
from dcm.plasticity import checked_rates
from dcm.state import checked_names, observe

TOLERANCE = 1e-11  # largest change of a potential in the last sweep, relative to 1 + max|u|; the loops contract further
MAX_SWEEPS = 500


def learn(circuit, inputs, u_targets, rates, *, duration=100.0, record=(), record_every=1):
    """As ``dcm.learn`` with its default settling and rule, one pattern at a time, about a hundred times faster.

    Arguments, results and errors as there; held to it by a test within 1e-9 relative over 1000 patterns.
    """
    inputs, u_targets = checked_series(circuit, inputs, u_targets)
    step, record = checked_rates(rates).scaled(checks.positive("duration", duration)), checked_names(record)
    every = checks.count("record_every", record_every) if record else max(len(inputs), 1)
    seen, traces = [], {name: [] for name in record}
    for first in range(0, len(inputs), every):
        targets = None if u_targets is None else u_targets[first : first + every]
        if record:
            seen.append(first)
            state = equilibrium(circuit, inputs[first], None if targets is None else targets[0])
            for name, kept in traces.items():
                kept.append(observe(name, circuit, state))
        circuit = _block(circuit, inputs[first : first + every], targets, step, first)
    return circuit, Trace(np.array(seen, dtype=int), {name: np.array(kept) for name, kept in traces.items()})


def _block(circuit, inputs, u_targets, step, first):
    """Run the compiled loop over ``inputs``; errors number the patterns from ``first``."""
    n = circuit.sizes
    targets = np.zeros((len(inputs), 0)) if u_targets is None else np.ascontiguousarray(u_targets, dtype=float)
    weights = unpack(circuit)
    failed = _patterns(
        constants(circuit), weights, rate_arrays(step, len(n) - 1), np.ascontiguousarray(inputs, dtype=float),
        targets, *work_space(n),
    )  # fmt: skip
    if failed >= 0:
        name = max(weights._fields, key=lambda field: max(_largest(w) for w in getattr(weights, field)))
        raise DivergenceError(
            f"pattern {first + failed}: no steady state within {MAX_SWEEPS} sweeps, or potentials beyond {RUNAWAY:g}; "
            f"{name.removesuffix('_t')} is largest: lower the learning rate {rate_of(name)}, or use smaller weights"
        )
    circuit = pack(circuit, weights)
    refuse_runaway(circuit, f"pattern {first + len(inputs) - 1}")
    return circuit


def _largest(w) -> float:
    return float(np.nan_to_num(np.abs(w), nan=np.inf).max())


@njit(cache=True)
def _patterns(c, w, rates, inputs, targets, p, q):
    """The loop over patterns; returns the number of the pattern that did not settle, or -1."""
    for i in range(inputs.shape[0]):
        if not _settle(c, w, inputs[i], targets[i], p, q):
            return i
        _move_weights(c, w, rates, inputs[i], p, q)
    return -1


@njit
def _settle(c, w, r_in, target, p, q):
    """Sweeps to the fixed point in the work space; twin of ``equilibrium``. False if it does not settle."""
    top = len(p) - 1
    nudge = c.somatic if target.size else 0.0
    hidden_total, inter_total = c.leak + c.basal + c.apical, c.leak + c.dendritic + c.somatic
    top_total = c.leak + c.basal + nudge
    affine(w.w_up[0], r_in, w.b_up[0], p[0][V])
    for k in range(top + 1):  # start: every soma at its dendritic prediction
        if k > 0:
            affine(w.w_up[k], p[k - 1][R], w.b_up[k], p[k][V])
            affine(w.w_ip[k - 1], p[k - 1][R], w.b_ip[k - 1], q[k - 1][V])
            q[k - 1][U][:] = (c.dendritic / (c.leak + c.dendritic)) * q[k - 1][V]
            phi(c.kind, c.gamma, c.beta, c.theta, q[k - 1][U], q[k - 1][R])
        p[k][U][:] = (c.basal / (hidden_total if k < top else c.leak + c.basal)) * p[k][V]
        phi(c.kind, c.gamma, c.beta, c.theta, p[k][U], p[k][R])
    for sweep in range(MAX_SWEEPS):
        step = 0.5 ** (4 * sweep // MAX_SWEEPS)
        change = 0.0
        for k in range(top + 1):
            pk = p[k]
            if k > 0:
                affine(w.w_up[k], p[k - 1][R], w.b_up[k], pk[V])
            if k < top:
                apical(w, k, p, q)
                moved = _move(pk[U], c.basal / hidden_total, pk[V], c.apical / hidden_total, pk[APICAL], step)
            elif nudge > 0.0:
                moved = _move(pk[U], c.basal / top_total, pk[V], nudge / top_total, target, step)
            else:
                moved = _move(pk[U], c.basal / top_total, pk[V], 0.0, pk[V], step)
            change = max(change, moved)
            phi(c.kind, c.gamma, c.beta, c.theta, pk[U], pk[R])
            if k > 0:
                qk = q[k - 1]
                affine(w.w_ip[k - 1], p[k - 1][R], w.b_ip[k - 1], qk[V])
                moved = _move(qk[U], c.dendritic / inter_total, qk[V], c.somatic / inter_total, pk[U], step)
                change = max(change, moved)
                phi(c.kind, c.gamma, c.beta, c.theta, qk[U], qk[R])
        if change <= TOLERANCE * step:
            return True
    return False


@njit(fastmath=SUMS)
def _move(u, scale_v, v, scale_other, other, step):
    """u moves a fraction ``step`` of the way to scale_v·v + scale_other·other; returns the relative change."""
    change, size = 0.0, 0.0
    for i in range(u.size):
        delta = step * (scale_v * v[i] + scale_other * other[i] - u[i])
        u[i] += delta
        change = max(change, abs(delta))
        size = max(size, abs(u[i]))
    return change / (1.0 + size) if size < RUNAWAY else np.inf


@njit(fastmath=SUMS)
def _move_weights(c, w, rates, r_in, p, q):
    """Eqs. 7-10 on the settled work space, in place; twin of ``plasticity`` and ``Circuit.updated``."""
    top = len(p) - 1
    for h in range(top):
        ph, qh = p[h], q[h]
        if rates.down[h] > 0.0:
            ph[SPARE][:] = 0.0
            add_transposed(w.w_down_t[h], p[h + 1][R], ph[SPARE])
            errors(c, ph[U], ph[SPARE], 1.0, ph[SPARE], ph[POST], ph[R])
            add_outer(w.w_down_t[h], rates.down[h], p[h + 1][R], ph[POST])
        if rates.pi[h] > 0.0:
            add_outer(w.w_pi_t[h], -rates.pi[h], qh[R], ph[APICAL])
        if rates.ip[h] > 0.0:
            errors(c, qh[U], qh[V], c.dendritic / (c.leak + c.dendritic), qh[SPARE], qh[POST], qh[R])
            add_outer(w.w_ip[h], rates.ip[h], qh[POST], ph[R])
            if rates.thresholds:
                w.b_ip[h][:] += rates.ip[h] * qh[POST]
    for k in range(top + 1):
        if rates.up[k] > 0.0:
            load = c.apical if k < top else 0.0
            errors(c, p[k][U], p[k][V], c.basal / (c.leak + c.basal + load), p[k][SPARE], p[k][POST], p[k][R])
            add_outer(w.w_up[k], rates.up[k], p[k][POST], r_in if k == 0 else p[k - 1][R])
            if rates.thresholds:
                w.b_up[k][:] += rates.up[k] * p[k][POST]
