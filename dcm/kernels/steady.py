"""Compiled twin of ``dcm.learn`` with ``equilibrium`` and ``plasticity``: one steady state per pattern."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from dcm.kernels import levels
from dcm.kernels.brackets import SUMS, apical, basal, brackets, respond
from dcm.kernels.levels import (
    BY_PULL,
    BY_V,
    ETA,
    ETA_DOWN,
    ETA_PI,
    POST,
    POST_DOWN,
    POST_PI,
    PULL,
    VECTOR,
    R,
    U,
    V,
)
from dcm.model import checks
from dcm.model.circuit import LEARNING
from dcm.model.plasticity import checked_rates
from dcm.model.state import checked_names, observe
from dcm.settle.equilibrium import MAX_SWEEPS, equilibrium
from dcm.settle.learning import (
    RUNAWAY,
    DivergenceError,
    Trace,
    checked_series,
    refuse_runaway,
)

TOLERANCE = 1e-12  # estimated error of all potentials where the sweeps stop (Euclidean norm), relative to 1 + |u|


def learn(circuit, inputs, u_targets, rates, *, duration=100.0, record=(), record_every=1):
    """As ``dcm.learn`` with its default settling and rule, one pattern at a time, some 200 times faster.

    Arguments, results and errors as there; held to it by a test within 1e-12 relative over 10 000 patterns.
    How a series is cut into calls does not change a bit of the result.
    """
    inputs, u_targets = checked_series(circuit, inputs, u_targets)
    step = checked_rates(rates).scaled(checks.positive("duration", duration))
    record = checked_names(record)
    every = checks.count("record_every", record_every) if record else max(len(inputs), 1)
    seen = []
    traces = {name: [] for name in record}
    for first in range(0, len(inputs), every):
        rows = slice(first, first + every)
        targets = None if u_targets is None else u_targets[rows]
        if record:
            seen.append(first)
            state = equilibrium(circuit, inputs[first], None if targets is None else targets[0])
            for name, kept in traces.items():
                kept.append(observe(name, circuit, state))
        circuit = _block(circuit, inputs[rows], targets, step, first)
    traces = {name: np.array(kept) for name, kept in traces.items()}
    return circuit, Trace(np.array(seen, dtype=int), traces)


def _block(circuit, inputs, u_targets, step, first):
    """Run the compiled loop over ``inputs``; errors number the patterns from ``first``."""
    nudged = u_targets is not None
    targets = u_targets if nudged else np.zeros((len(inputs), 0))
    weights = levels.unpack(circuit)
    failed = _patterns(
        levels.model(circuit, step),
        weights,
        levels.work_space(circuit, step, nudged),
        np.ascontiguousarray(inputs, dtype=float),
        np.ascontiguousarray(targets, dtype=float),
    )
    if failed >= 0:
        parts = levels.views(circuit, weights)
        name = max(parts, key=lambda name: max(map(_largest, parts[name])))
        _, rate = LEARNING[name]
        raise DivergenceError(
            f"pattern {first + failed}: no steady state within {MAX_SWEEPS} sweeps, or potentials "
            f"beyond {RUNAWAY:g}; {name} is largest: lower the learning rate {rate}, or "
            "use smaller weights"
        )
    circuit = levels.pack(circuit, weights)
    refuse_runaway(circuit, f"pattern {first + len(inputs) - 1}")
    return circuit


def _largest(w) -> float:
    return float(np.nan_to_num(np.abs(w), nan=np.inf).max())


@njit(cache=True)
def _patterns(m, w, s, inputs, targets):
    """The loop over patterns; returns the number of the pattern that did not settle, or -1."""
    top = m.n.size - 1
    for p in range(inputs.shape[0]):
        for i in range(inputs.shape[1]):
            s[R, 0, i] = inputs[p, i]
        for i in range(targets.shape[1]):
            s[PULL, top, i] = targets[p, i]
        if not _settle(m, w, s):
            return p
        for k in range(1, top):
            apical(m, w, s, k)  # the last sweep saw the rates before it
        brackets(m, w, s)
        _learn(m, w, s)
    return -1


@njit(error_model="numpy")
def _settle(m, w, s):
    """Sweeps to the fixed point in the work space; twin of ``equilibrium``. False if it does not settle.

    The first sweep goes upwards with silent apical dendrites. The later ones shrink the change by a factor q each
    (1e-4 in Fig. 2's circuits), so that an error of about q times the last change is left. Where q < .1 the sweeps
    stop by that estimate, else by the last change itself.
    """
    top = m.n.size - 1
    previous = 0.0
    basal(m, w, s, 1)
    s[U] = 0.0  # the result must not depend on the pattern before
    for sweep in range(MAX_SWEEPS):
        step = 0.5 ** (4 * sweep // MAX_SWEEPS)
        moves = 0.0
        sizes = 0.0
        for k in range(1, top + 1):
            if k > 1:
                basal(m, w, s, k)
            if k < top and sweep > 0:
                apical(m, w, s, k)
            elif k < top:
                s[PULL, k] = 0.0
            move, size = _relax(m, s, k, step)
            moves += move
            sizes += size
            respond(m, s, U, R, k)
        if sizes < RUNAWAY**2:
            change = math.sqrt(moves) / (1.0 + math.sqrt(sizes))
            left = change if change >= 0.1 * previous else change * (change / previous)
            if sweep > 0 and left <= TOLERANCE * step:
                return True
            previous = change
        else:
            previous = 0.0
    return False


@njit(**SUMS)
def _relax(m, s, k, step):
    """Somata of layer k go a fraction ``step`` of the way to their goal; sums of squares of moves and of somata."""
    n = m.n[k]
    moves = 0.0
    sizes = 0.0
    for i in range(n):
        goal = s[BY_V, k, i] * s[V, k, i] + s[BY_PULL, k, i] * s[PULL, k, i]
        move = step * (goal - s[U, k, i])
        soma = s[U, k, i] + move
        s[U, k, i] = soma
        moves += move * move
        sizes += soma * soma
    if k > 1:
        for i in range(n, 2 * n):
            goal = s[BY_V, k, i] * s[V, k, i] + s[BY_PULL, k, i] * s[U, k, i - n]
            move = step * (goal - s[U, k, i])
            soma = s[U, k, i] + move
            s[U, k, i] = soma
            moves += move * move
            sizes += soma * soma
    return moves, sizes


@njit(**SUMS)
def _learn(m, w, s):
    """Eqs. 7-10 in place, every weight by η · bracket · presynaptic rate; twin of ``Circuit.updated``."""
    for k in range(1, m.n.size):
        if m.up[k]:
            _scale(s, POST, ETA, k, m.cells[k])
            _add_outer(w.forward, k - 1, 1, s, k - 1, 0, m.n[k - 1], POST, k, m.cells[k])
            if m.thresholds:
                for i in range(VECTOR * m.cells[k]):
                    w.forward[k - 1, 0, i] += s[POST, k, i]
    for k in range(1, m.n.size - 1):
        n = m.n[k + 1]
        if m.pi[k]:
            _scale(s, POST_PI, ETA_PI, k, m.pyramidal[k])
            _add_outer(w.backward, k - 1, 1 + n, s, k + 1, n, n, POST_PI, k, m.pyramidal[k])
        if m.down[k]:
            _scale(s, POST_DOWN, ETA_DOWN, k, m.pyramidal[k])
            _add_outer(w.backward, k - 1, 1, s, k + 1, 0, n, POST_DOWN, k, m.pyramidal[k])


@njit(**SUMS)
def _scale(s, post, eta, k, vectors):
    for i in range(VECTOR * vectors):
        s[post, k, i] *= s[eta, k, i]


@njit(**SUMS)
def _add_outer(w, k, row, s, source, first, n, post, layer, vectors):
    """w[k] += pre postᵀ in the n rows from ``row`` on, for the senders from ``first`` on of layer ``source``."""
    for j in range(n):
        pre = s[R, source, first + j]
        for i in range(VECTOR * vectors):
            w[k, row + j, i] += pre * s[post, layer, i]
