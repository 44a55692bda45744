"""Shared by the compiled mini-batch loops: patterns shown batch by batch, the work on one layer."""

import math
from collections import namedtuple

import numpy as np
from numba import njit

from dcm.kernels.phi import EXACT, logistic
from dcm.kernels.products import add_outer, rows_of_activity
from dcm.settle.learning import room_for_weights

TURN = 500  # batches in one call of compiled code, which Ctrl-C cannot stop [chosen]

# Rows of input rates and of target potentials; per layer its neurons; room for the active inputs.
Batch = namedtuple("Batch", "inputs targets neurons active")


def batch_of(sizes, batch: int, dtype) -> Batch:
    """Work space for mini-batches of up to ``batch`` patterns of a net with layers of ``sizes``."""
    inputs = rows_of_activity(batch, sizes[0], dtype)
    targets = rows_of_activity(batch, sizes[-1], dtype)
    return Batch(inputs, targets, tuple(map(np.arange, sizes)), np.arange(sizes[0]))


def layers_of(fields, space: Batch) -> tuple:
    """Per layer one named tuple ``fields`` of rows of activity; in layer 0 all are the inputs."""
    count = len(fields._fields)
    layers = [fields._make([space.inputs] * count)]
    n_rows = len(space.inputs)
    for neurons in space.neurons[1:]:
        rows = [rows_of_activity(n_rows, len(neurons), space.inputs.dtype) for _ in range(count)]
        layers.append(fields._make(rows))
    return tuple(layers)


def in_turns(train, shown, net, check) -> None:
    """Call ``train(rows, room)`` until all is shown, and then always ``check(where)``.

    It returns the rows shown: fewer, whole batches, when a weight could have moved by ``room``.
    """
    done = 0
    while done < len(shown.order):
        rows = shown.order[done : done + TURN * shown.batch]
        done += train(rows, room_for_weights(net))
        check(f"pattern {(done - 1) // shown.batch * shown.batch}")


@njit
def show(inputs, u_targets, rows, space):
    """Copy patterns into a batch, in its precision; per layer, the neurons that may be active."""
    _gather(inputs, rows, space.inputs)
    _gather(u_targets, rows, space.targets)
    return (_active_in(space.inputs, space.neurons[0], space.active), *space.neurons[1:])


@njit
def _gather(patterns, rows, out):
    """out = patterns[rows], zeros in the rows that are left over."""
    for b in range(rows.size):
        row = rows[b]
        for j in range(patterns.shape[1]):
            out[b, j] = patterns[row, j]
    out[rows.size :] = 0


@njit
def _active_in(x, neurons, numbers):
    """The neurons that are not silent in the whole batch, in the front of ``numbers``."""
    found = 0
    for j in neurons:
        numbers[found] = j
        silent = True
        for b in range(x.shape[0]):
            silent &= x[b, j] == 0
        found += not silent
    return numbers[:found]


@njit(**EXACT)
def respond(u, r):
    """r = φ(u) for rows of potentials."""
    for b in range(u.shape[0]):
        for j in range(u.shape[1]):
            r[b, j] = logistic(u[b, j])


@njit(**EXACT)
def predict(v, threshold, attenuation, r):
    """v = attenuation · (w r + b), with the product w r in its place, and r = φ(v)."""
    for b in range(v.shape[0]):
        for j in range(v.shape[1]):
            v[b, j] = attenuation * (v[b, j] + threshold[j])
    respond(v, r)


@njit(**EXACT)
def subtract(a, b, out):
    """out = a - b for rows of activity."""
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            out[i, j] = a[i, j] - b[i, j]


@njit(**EXACT)
def learn_weights(w, eta, pre, active, post, n_patterns):
    """Eq. 6: w += η · mean of post · preᵀ; ``post`` comes back times η / n_patterns, 0 beyond.

    Returns more than any weight, or threshold, can move.
    """
    step = eta / w.dtype.type(n_patterns)
    for b in range(n_patterns):
        for j in range(post.shape[1]):
            post[b, j] *= step
    post[n_patterns:] = 0
    add_outer(pre, active, w, post)
    return math.sqrt((energy(pre) + n_patterns) * energy(post))


@njit(fastmath={"reassoc", "contract", "nsz"})
def energy(x):
    """The sum of squares of rows of activity; NaN or infinite if an entry is."""
    total = 0.0
    for b in range(x.shape[0]):
        for j in range(x.shape[1]):
            total += np.float64(x[b, j]) * np.float64(x[b, j])
    return total


@njit(**EXACT)
def learn_thresholds(threshold, post):
    """Add up the rows that ``learn_weights`` left: Eq. 6 for a presynaptic rate of 1."""
    for b in range(post.shape[0]):
        for j in range(post.shape[1]):
            threshold[j] += post[b, j]
