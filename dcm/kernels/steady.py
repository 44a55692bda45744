"""Compiled twin of ``dcm.learn`` as it is by default: one steady state per pattern, Eqs. 1-10."""

import math

import numpy as np
from numba import njit

from dcm.kernels import levels
from dcm.kernels.brackets import SUMS, apical, basal, brackets, larger, reach, respond
from dcm.kernels.cache import kept
from dcm.kernels.levels import ATTENUATION, BY_PULL, BY_V, DOWN, PI, POST, PULL, UP, R, U, V
from dcm.model import checks
from dcm.model.plasticity import checked_rates, plasticity
from dcm.model.state import checked_names, observe
from dcm.settle import learning
from dcm.settle.equilibrium import MAX_SWEEPS, TOLERANCE, equilibrium
from dcm.settle.learning import RUNAWAY


def learn(circuit, inputs, u_targets, rates, *, duration=100.0, record=(), record_every=1):
    """As ``dcm.learn`` with its default settling and rule, some 200 times faster.

    Arguments, results and errors as there; within 1e-12 relative over 10 000 patterns, and the
    same bits however a series is cut into calls. A pattern that does not settle here is left to the
    plain twin, which says why or learns it. Differences: it computes in double precision, whatever
    that of the circuit, and φ must be ``Logistic`` or ``SoftRectifier``, else ``TypeError``.
    """
    inputs, u_targets = learning.checked_series(circuit, inputs, u_targets)
    step = checked_rates(rates).scaled(checks.positive("duration", duration))
    record = checked_names(record)
    every = checks.count("record_every", record_every)
    if not record:
        every = max(len(inputs), 1)
    seen = []
    traces = {name: [] for name in record}
    for first in range(0, len(inputs), every):
        rows = slice(first, first + every)
        targets = None if u_targets is None else u_targets[rows]
        if record:
            seen.append(first)
            state = _plain_state(circuit, inputs[rows], targets, 0, step, first)
            for name, kept in traces.items():
                kept.append(observe(name, circuit, state))
        circuit = _block(circuit, inputs[rows], targets, step, first)
    return circuit, learning.trace_of(seen, traces)


def _block(circuit, inputs, u_targets, step, first):
    """Run the compiled loop over ``inputs``; errors number the patterns from ``first``."""
    nudged = u_targets is not None
    dtype = np.result_type(inputs, *circuit.arrays().values(), *([u_targets] if nudged else []))
    s = levels.work_space(circuit, step, nudged)
    m = levels.model(circuit, s, step.thresholds)
    patterns = levels.rows(inputs)
    targets = levels.rows(u_targets if nudged else np.zeros((len(inputs), 0)))
    weights = levels.unpack(circuit)
    room = learning.room_for_weights(circuit)
    done = 0
    while done < len(inputs):
        learned, settled = _patterns(m, weights, s, patterns[done:], targets[done:], room)
        done += learned
        circuit = levels.pack(circuit, weights, step, dtype)
        if not settled:  # the plain twin decides
            state = _plain_state(circuit, inputs, u_targets, done, step, first)
            where = f"pattern {first + done}"
            updates = learning.induced(plasticity, circuit, state, where)
            circuit = learning.stepped(circuit, updates, step, where)
            weights = levels.unpack(circuit)
            done += 1
        learning.refuse_runaway(circuit, f"pattern {first + done - 1}")
        room = learning.room_for_weights(circuit)
    return circuit


def _plain_state(circuit, inputs, u_targets, p, step, first):
    """``equilibrium`` of pattern p, with errors as in ``dcm.learn``."""
    target = None if u_targets is None else u_targets[p]
    with np.errstate(over="ignore", invalid="ignore"):  # what runs away is reported
        where = f"pattern {first + p}"
        return learning.settled(equilibrium, circuit, inputs[p], target, step, where)


@kept()
def _patterns(m, w, s, inputs, targets, room):
    """Learn patterns while no weight can have moved by ``room``; (patterns learned, all settled)"""
    top = m.n.size - 1
    for p in range(inputs.shape[0]):
        for i in range(inputs.shape[1]):
            s[R, 0, i] = inputs[p, i]
        for i in range(targets.shape[1]):
            s[PULL, top, i] = targets[p, i]
        if not _settle(m, w, s):
            return p, False
        for k in range(1, top):
            apical(m, w, s, k)  # the last sweep saw the rates before it
        brackets(m, w, s)
        room -= _learn(m, w, s)
        if not room > 0.0:
            return p + 1, True
    return inputs.shape[0], True


@njit(error_model="numpy")
def _settle(m, w, s):
    """Sweeps to the fixed point from where ``equilibrium`` starts; False: let the twin decide.

    Each sweep shrinks the change (norm, per population, relative to 1 + |u|) by some ratio; the
    first only takes up target and apical potentials. They end where the change is at most
    ``TOLERANCE``, or change times the larger of the last two ratios (what is left) a tenth of it.
    """
    top = m.n.size - 1
    for k in range(1, top + 1):  # every soma at its dendritic prediction
        basal(m, w, s, k)
        for i in range(levels.VECTOR * m.cells[k]):
            s[U, k, i] = s[ATTENUATION, k, i] * s[V, k, i]
        respond(m, s, U, R, k)
    previous = 0.0
    earlier_ratio = 0.0
    for sweep in range(MAX_SWEEPS):
        step = 0.5 ** (4 * sweep // MAX_SWEEPS)
        largest = 0.0
        for k in range(1, top + 1):
            if k > 1:
                basal(m, w, s, k)
            if k < top:
                apical(m, w, s, k)
            largest = larger(largest, _relax(m, s, k, step))
            respond(m, s, U, R, k)
        change = math.sqrt(largest) / step
        ratio = change / previous if sweep > 1 else 0.0
        if change <= TOLERANCE:
            return True
        if sweep > 1 and change * max(ratio, earlier_ratio) <= 0.1 * TOLERANCE:
            return True
        if not change < np.inf:
            return False
        previous = change
        earlier_ratio = ratio
    return False


@njit(**SUMS)
def _relax(m, s, k, step):
    """Somata go a share ``step`` of the way to du/dt = 0; their relative change squared.

    It is infinite for potentials beyond ``RUNAWAY``.
    """
    n = m.n[k]
    moves = 0.0
    sizes = 1.0
    for i in range(n):  # Eq. 1
        goal = s[BY_V, k, i] * s[V, k, i] + s[BY_PULL, k, i] * s[PULL, k, i]
        move = step * (goal - s[U, k, i])
        soma = s[U, k, i] + move
        s[U, k, i] = soma
        moves += move * move
        sizes += soma * soma
    pyramidal = moves / sizes if sizes < RUNAWAY**2 else np.inf
    if k == 1:
        return pyramidal
    moves = 0.0
    sizes = 1.0
    for i in range(n, 2 * n):  # Eq. 2, which sees the somata above after their step
        goal = s[BY_V, k, i] * s[V, k, i] + s[BY_PULL, k, i] * s[U, k, i - n]
        move = step * (goal - s[U, k, i])
        soma = s[U, k, i] + move
        s[U, k, i] = soma
        moves += move * move
        sizes += soma * soma
    return larger(pyramidal, moves / sizes if sizes < RUNAWAY**2 else np.inf)


@njit(**SUMS)
def _learn(m, w, s):
    """Eqs. 7-10 in place: weights move by η · bracket · presynaptic rate, at most by the result."""
    largest = 0.0
    for k in range(1, m.n.size):
        if m.up[k]:
            senders = range(m.n[k - 1])
            move = _add_outer(m, w.forward[k - 1], k, s, k - 1, senders, m.cells[k], UP)
            largest = larger(largest, move)
            if m.thresholds:
                for i in range(levels.VECTOR * m.cells[k]):
                    w.forward[k - 1, 0, i] += s[POST, k, i]  # scaled by η
    for k in range(1, m.n.size - 1):
        n = m.n[k + 1]
        vectors = m.pyramidal[k]
        if m.down[k]:
            move = _add_outer(m, w.backward[k - 1], k, s, k + 1, range(n), vectors, DOWN)
            largest = larger(largest, move)
        if m.pi[k]:
            move = _add_outer(m, w.backward[k - 1], k, s, k + 1, range(n, 2 * n), vectors, PI)
            largest = larger(largest, move)
    return largest


@njit(**SUMS)
def _add_outer(m, w, k, s, source, senders, vectors, rows):
    """Weights of layer k move by pre (η post)ᵀ, at most by the result; scales ``post``."""
    post, eta = rows
    for i in range(levels.VECTOR * vectors):
        s[post, k, i] *= s[eta, k, i]
    for j in senders:
        pre = s[R, source, j]
        row = np.uintp(1 + j)  # never negative: overlap of arrays is tested once, not per row
        for i in range(levels.VECTOR * vectors):
            w[row, i] += pre * s[post, k, i]
    return reach(m, s, post, k, source)
