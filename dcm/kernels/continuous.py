"""Compiled twin of ``dcm.integrate``: the Euler-Maruyama steps of Eqs. 1-5 and 7-10, fused."""

import copy
import inspect
from types import SimpleNamespace

import numpy as np
from numba import njit

from dcm.kernels import levels
from dcm.kernels.brackets import SUMS, apical, basal, brackets, larger, reach, respond
from dcm.kernels.cache import kept
from dcm.kernels.levels import (
    BY_PULL,
    BY_V,
    DOWN,
    ETA,
    PI,
    POST,
    POST_DOWN,
    POST_PI,
    PULL,
    TOTAL,
    UP,
    R,
    U,
    V,
)
from dcm.model.plasticity import LearningRates
from dcm.model.state import State
from dcm.settle import dynamics
from dcm.settle.learning import refuse_runaway, room_for_weights
from dcm.settle.recording import Recording, Run


def integrate(circuit, inputs, u_targets=None, **options) -> Recording:
    """As ``dcm.integrate``, with its options, about a hundred times faster.

    The same noise gives the same result to rounding. How a series is cut into calls or recorded
    does not change a bit. Differences: ``Recording.induction`` of weights with rate 0 may stay as
    it was, and φ must be ``Logistic`` or ``SoftRectifier``, else ``TypeError``.
    """
    run = Run(circuit, inputs, u_targets, **options)
    nudged = u_targets is not None
    rates = LearningRates() if run.rates is None else run.rates
    weights = levels.unpack(circuit)
    delta = weights if run.rates is None else levels.unpack(circuit, run.induction)
    s = levels.work_space(circuit, rates, nudged)
    m = levels.model(circuit, s, rates.thresholds)
    state = levels.state_views(circuit, s, nudged)
    _fill(state, run.state)
    learned = SimpleNamespace(**levels.views(circuit, weights))
    per_step = (run.dt, run.share_input, run.share_weights)
    # how far the weights may move unseen, and a bound of all induction terms
    bounds = np.array([room_for_weights(learned), max(np.abs(d).max() for d in delta)])
    for stretch in run.stretches():
        run.take_record(stretch, learned, state)
        r_in = levels.rows(stretch.r_in)
        target = levels.rows(stretch.u_target if nudged else ())
        done = 0
        while done < len(stretch.kicks):
            kicks = stretch.kicks[done:]
            done += _steps(m, weights, delta, s, r_in, target, kicks, *per_step, bounds)
            if run.rates is not None and not bounds[0] > 0:
                refuse_runaway(learned, stretch.where)
                bounds[0] = room_for_weights(learned)
        dynamics.refuse_runaway_somata(state, stretch.where)
    state = copy.deepcopy(state)
    if run.rates is None or not len(run.inputs):
        return run.recording(circuit, state, run.induction)
    induction = levels.pack_induction(circuit, delta)
    return run.recording(levels.pack(circuit, weights, rates), state, induction)


integrate.__signature__ = inspect.signature(dynamics.integrate)  # for ``help``


def _fill(views: State, state: State) -> None:
    """Write a state to the work space behind ``views``."""
    for name, values in vars(state).items():
        here = getattr(views, name)
        if isinstance(values, tuple):
            for part, value in zip(here, values, strict=True):
                part[:] = value
        elif values is not None:
            here[:] = values


@kept(error_model="numpy")
def _steps(m, w, delta, s, r_in, target, kicks, dt, share_input, share_weights, bounds):
    """One step per row of ``kicks``, then the dendrites that belong; returns the steps done.

    It ends early when a weight could have run away, seen by ``bounds``, which it keeps up to date.
    """
    top = m.n.size - 1
    eta = s[levels.ETA :].max()
    steps = 0
    while steps < kicks.shape[0]:
        _dendrites(m, w, s)
        bounds[1] = larger(bounds[1], _learn(m, w, delta, s, share_weights))
        bounds[0] -= eta * bounds[1]
        _somata(m, s, dt)
        if kicks.shape[1]:
            _kick(m, s, kicks, steps)
        for i in range(r_in.size):  # low-pass τ_input
            s[R, 0, i] += share_input * (r_in[i] - s[R, 0, i])
        for i in range(target.size):
            s[PULL, top, i] += share_input * (target[i] - s[PULL, top, i])
        steps += 1
        if eta > 0.0 and not bounds[0] > 0.0:
            break
    _dendrites(m, w, s)
    return steps


@njit(error_model="numpy")
def _dendrites(m, w, s):
    """Rates of all somata, then all that pulls on them (Eqs. 3-5)."""
    for k in range(1, m.n.size):
        respond(m, s, U, R, k)
        basal(m, w, s, k)
    for k in range(1, m.n.size - 1):
        apical(m, w, s, k)


@njit(**SUMS)
def _somata(m, s, dt):
    """One Euler step of Eqs. 1 and 2 without noise: du/dt = TOTAL · (goal - u)."""
    for k in range(1, m.n.size):
        n = m.n[k]
        if k > 1:  # Eq. 2, which sees the somata above before their step
            for i in range(n, 2 * n):
                goal = s[BY_V, k, i] * s[V, k, i] + s[BY_PULL, k, i] * s[U, k, i - n]
                s[U, k, i] += dt * s[TOTAL, k, i] * (goal - s[U, k, i])
        for i in range(n):  # Eq. 1
            goal = s[BY_V, k, i] * s[V, k, i] + s[BY_PULL, k, i] * s[PULL, k, i]
            s[U, k, i] += dt * s[TOTAL, k, i] * (goal - s[U, k, i])


@njit(**SUMS)
def _kick(m, s, kicks, step):
    """Noise in the order of the populations, all pyramidal cells first."""
    at = 0
    for kind in range(2):
        for k in range(1 + kind, m.n.size):
            n = m.n[k]
            for i in range(n):
                s[U, k, kind * n + i] += kicks[step, at + i]
            at += n


@njit(error_model="numpy")
def _learn(m, w, delta, s, share):
    """Eqs. 7-10 with the low-pass τ_w, in place; returns a bound of their brackets · rates."""
    brackets(m, w, s)
    largest = 0.0
    for k in range(1, m.n.size):
        if m.up[k]:
            largest = larger(largest, reach(m, s, POST, k, k - 1))
            weights = w.forward[k - 1]
            induction = delta.forward[k - 1]
            n = m.n[k - 1]
            _follow(weights, induction, share, k, s, k - 1, range(n), m.cells[k], UP)
            if m.thresholds:
                for i in range(levels.VECTOR * m.cells[k]):
                    old = induction[0, i]
                    new = old + share * (s[POST, k, i] - old)
                    induction[0, i] = new
                    weights[0, i] += s[ETA, k, i] * (new if share == 1.0 else old)
    for k in range(1, m.n.size - 1):
        weights = w.backward[k - 1]
        induction = delta.backward[k - 1]
        n = m.n[k + 1]
        if m.down[k]:
            largest = larger(largest, reach(m, s, POST_DOWN, k, k + 1))
            _follow(weights, induction, share, k, s, k + 1, range(n), m.pyramidal[k], DOWN)
        if m.pi[k]:
            largest = larger(largest, reach(m, s, POST_PI, k, k + 1))
            _follow(weights, induction, share, k, s, k + 1, range(n, 2 * n), m.pyramidal[k], PI)
    return largest


@njit(**SUMS)
def _follow(weights, induction, share, k, s, source, senders, vectors, rows):
    """Weights of layer k move by η Δ, and Δ a ``share`` of the way to pre · postᵀ."""
    post, eta = rows
    for j in senders:
        towards = share * s[R, source, j]
        row = np.uintp(1 + j)  # never negative: overlap of arrays is tested once, not per row
        for i in range(levels.VECTOR * vectors):
            old = induction[row, i]
            new = (1.0 - share) * old + towards * s[post, k, i]
            induction[row, i] = new
            weights[row, i] += s[eta, k, i] * (new if share == 1.0 else old)
