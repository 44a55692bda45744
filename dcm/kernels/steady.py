"""Compiled twin of ``dcm.learn`` with ``equilibrium`` and ``plasticity``: one steady state per pattern (Eqs. 1-10)."""

from __future__ import annotations

import math

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
)
from dcm.kernels.levels import (
    BY_OTHER,
    BY_V,
    ONE,
    OTHER,
    POST,
    REST,
    R,
    U,
    V,
    levels,
    model,
    pack,
    padded,
    rate_rows,
    unpack,
    views,
    zeros,
)
from dcm.kernels.old_vectors import WIDTH, load, store
from dcm.model import checks
from dcm.model.plasticity import checked_rates
from dcm.model.state import checked_names, observe
from dcm.settle.equilibrium import equilibrium
from dcm.settle.learning import (
    RUNAWAY,
    DivergenceError,
    Trace,
    checked_series,
    rate_of,
    refuse_runaway,
)

TOLERANCE = 1e-12  # estimated error of all potentials where the sweeps stop (Euclidean norm), relative to 1 + |u|
MAX_SWEEPS = 500


def learn(circuit, inputs, u_targets, rates, *, duration=100.0, record=(), record_every=1):
    """As ``dcm.learn`` with its default settling and rule, one pattern at a time, some 200 times faster.

    Arguments, results and errors as there; held to it by a test within 1e-12 relative over 10 000 patterns.
    How a series is cut into calls does not change a bit of the result.
    """
    inputs, u_targets = checked_series(circuit, inputs, u_targets)
    step, record = (
        checked_rates(rates).scaled(checks.positive("duration", duration)),
        checked_names(record),
    )
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
    return circuit, Trace(
        np.array(seen, dtype=int), {name: np.array(kept) for name, kept in traces.items()}
    )


def _block(circuit, inputs, u_targets, step, first):
    """Run the compiled loop over ``inputs``; errors number the patterns from ``first``."""
    targets = (
        np.zeros((len(inputs), 0))
        if u_targets is None
        else np.ascontiguousarray(u_targets, dtype=float)
    )
    weights, r_in = unpack(circuit), zeros(padded(inputs.shape[1]))
    failed = _patterns(
        model(circuit), weights, rate_rows(circuit, step), np.ascontiguousarray(inputs, dtype=float), targets,
        r_in, levels(circuit, u_targets is not None),
    )  # fmt: skip
    if failed >= 0:
        parts = views(circuit, weights)
        name = max(parts, key=lambda name: max(map(_largest, parts[name])))
        raise DivergenceError(
            f"pattern {first + failed}: no steady state within {MAX_SWEEPS} sweeps, or potentials beyond {RUNAWAY:g}; "
            f"{name} is largest: lower the learning rate {rate_of(name)}, or use smaller weights"
        )
    circuit = pack(circuit, weights)
    refuse_runaway(circuit, f"pattern {first + len(inputs) - 1}")
    return circuit


def _largest(w) -> float:
    return float(np.nan_to_num(np.abs(w), nan=np.inf).max())


@njit(cache=True)
def _patterns(m, w, rates, inputs, targets, r_in, s):
    """The loop over patterns; returns the number of the pattern that did not settle, or -1."""
    for i in range(inputs.shape[0]):
        copy(inputs[i], r_in)
        copy(targets[i], s[-1][OTHER])
        if not _settle(m, w, r_in, s):
            return i
        _move_weights(m, w, rates, r_in, s)
    return -1


@njit(error_model="numpy", _nrt=False)
def _settle(m, w, r_in, s):
    """Sweeps to the fixed point in the work space; twin of ``equilibrium``. False if it does not settle.

    The first sweep goes upwards with silent apical dendrites. The later ones shrink the change by a factor q each
    (1e-4 in Fig. 2's circuits), so that an error of about q times the last change is left. Where q < .1 the sweeps
    stop by that estimate, else by the last change itself.
    """
    top, previous = len(s) - 1, 0.0
    product(w.forward[0], r_in, w.threshold[0], s[0][V])
    for k in range(top + 1):
        s[k][U][:] = 0.0  # the result must not depend on the pattern before
    for sweep in range(MAX_SWEEPS):
        step = 0.5 ** (4 * sweep // MAX_SWEEPS)
        moved, size = 0.0, 0.0
        for k in range(top + 1):
            level, at = s[k], m.inter[k]
            if k > 0:
                product(w.forward[k], s[k - 1][R], w.threshold[k], level[V])
            if k < top and sweep > 0:
                product(w.backward[k], s[k + 1][R], level[REST], level[OTHER])
            elif k < top:
                level[OTHER][:at] = 0.0
            add_moved, add_size = _relax(level, 0, at, step)
            moved, size = moved + add_moved, size + add_size
            if k > 0:
                nudge_interneurons(m, k, level)
                add_moved, add_size = _relax(level, at, level.shape[1], step)
                moved, size = moved + add_moved, size + add_size
            respond(m.kind, m.beta, m.theta, level, U, R)
        if size < RUNAWAY**2:
            change = math.sqrt(moved) / (1.0 + math.sqrt(size))
            left = change if change >= 0.1 * previous else change * (change / previous)
            if sweep > 0 and left <= TOLERANCE * step:
                return True
            previous = change
        else:
            previous = 0.0
    return False


@njit(fastmath=SUMS, error_model="numpy", _nrt=False)
def _relax(level, first, last, step):
    """Somata first … last move a fraction ``step`` of the way to their goal; sums of squares of moves and somata."""
    u, v, other, by_v, by_other = level[U], level[V], level[OTHER], level[BY_V], level[BY_OTHER]
    moved, size = 0.0, 0.0
    for i in range(first, last):
        move = step * (by_v[i] * v[i] + by_other[i] * other[i] - u[i])
        soma = u[i] + move
        u[i] = soma
        moved += move * move
        size += soma * soma
    return moved, size


@njit(_nrt=False)
def _move_weights(m, w, rates, r_in, s):
    """Eqs. 7-10 on the settled work space, in place; twin of ``plasticity`` and ``Circuit.updated``."""
    top = len(s) - 1
    for k in range(top + 1):
        if rates.forward_moves[k]:
            level, pre, eta = s[k], r_in if k == 0 else s[k - 1][R], rates.forward[k]
            dendritic_surprise(m, level)
            _add_outer(w.forward[k], 0, w.forward[k].shape[0], pre, eta, level[POST])
            if rates.thresholds:
                _add_outer(w.threshold[k], 0, 1, ONE, eta, level[POST])
    for h in range(top):
        level, above, n, at = s[h], s[h + 1], m.n[h + 1], m.inter[h + 1]
        if rates.pi[h][0] > 0.0:  # the last sweep saw the rates before it
            product(w.backward[h], above[R], level[REST], level[OTHER])
            apical_pull(level)
            _add_outer(w.backward[h], at, at + n, above[R], rates.pi[h], level[POST])
        if rates.down[h][0] > 0.0:
            apical_surprise(m, level, above, n, w.backward[h])
            _add_outer(w.backward[h], 0, n, above[R], rates.down[h], level[POST])


@njit(_nrt=False)
def _add_outer(w, first, last, pre, eta, post):
    """w += pre (η · post)ᵀ in the rows first … last, with a rate η for each column."""
    n = w.shape[1]
    for j in range(first, last):
        for i in range(0, n, WIDTH):
            store(w, j * n + i, load(w, j * n + i) + load(eta, i) * load(post, i) * pre[j])
