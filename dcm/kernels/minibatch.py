"""Shared by the compiled mini-batch loops: patterns shown batch by batch, the work on one layer."""

from collections import namedtuple

import numpy as np
from numba import njit

from dcm.kernels.phi import EXACT, logistic
from dcm.kernels.products import add_outer, rows_of_activity

CHECK_EVERY = 500  # batches between looks for a runaway [chosen]

# Rows of input rates and of target potentials; per layer its neurons; room for the active inputs.
Batch = namedtuple("Batch", "inputs targets neurons active")


def checked_rows(inputs, u_targets, order, sizes):
    """Inputs, targets and row numbers that fit, or ``ValueError`` and ``IndexError``."""
    patterns = {"inputs": np.asarray(inputs), "u_targets": np.asarray(u_targets)}
    for (name, array), n in zip(patterns.items(), (sizes[0], sizes[-1]), strict=True):
        if array.shape != (len(inputs), n):
            wanted = f"({len(inputs)}, {n}), one row per pattern"
            raise ValueError(f"{name} has shape {array.shape}; give {wanted}")
    return *patterns.values(), np.arange(len(inputs))[order]


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


def in_turns(train, order, batch: int, check) -> None:
    """Call ``train(rows)`` for ``CHECK_EVERY`` batches at a time, and ``check(where)`` between."""
    turn = CHECK_EVERY * batch
    for i in range(0, len(order), turn):
        check(f"pattern {i}")
        train(order[i : i + turn])
    check(f"pattern {len(order) - 1}")


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
    """Eq. 6: w += η · mean of post · preᵀ; ``post`` comes back times η / n_patterns, 0 beyond."""
    step = eta / w.dtype.type(n_patterns)
    for b in range(n_patterns):
        for j in range(post.shape[1]):
            post[b, j] *= step
    post[n_patterns:] = 0
    add_outer(pre, active, w, post)


@njit(**EXACT)
def learn_thresholds(threshold, post):
    """Add up the rows that ``learn_weights`` left: Eq. 6 for a presynaptic rate of 1."""
    for b in range(post.shape[0]):
        for j in range(post.shape[1]):
            threshold[j] += post[b, j]
