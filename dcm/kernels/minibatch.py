"""What the compiled mini-batch loops share: patterns shown batch by batch, rows of activity, one layer's update."""

from __future__ import annotations

import numpy as np
from numba import njit

from dcm.kernels import products as thin
from dcm.kernels.logistic import SMOOTH
from dcm.model import checks

CHECK_EVERY = 500  # batches between looks for a runaway [chosen]


def checked_rows(inputs, u_targets, order, sizes):
    """Inputs, targets and row numbers that compiled code may use without looking, or ``ValueError``, ``IndexError``."""
    inputs, u_targets = np.asarray(inputs), np.asarray(u_targets)
    for name, array, n in (("inputs", inputs, sizes[0]), ("u_targets", u_targets, sizes[-1])):
        if array.shape != (len(inputs), n):
            raise ValueError(
                f"{name} has shape {array.shape}; give ({len(inputs)}, {n}), one row a pattern"
            )
    return inputs, u_targets, np.arange(len(inputs))[order]


def in_batches(train, space_of, order, batch: int, check) -> None:
    """Call ``train(space, rows)`` over ``order``, and ``check(where)`` every ``CHECK_EVERY`` batches and at the end.

    ``space_of(batch)`` makes the work space; what is left at the end is a smaller batch with a space of its own.
    """
    whole = len(order) - len(order) % checks.count("batch", batch)
    space = space_of(batch)
    for i in range(0, whole, CHECK_EVERY * batch):
        check(f"pattern {i}")
        train(space, order[i : min(i + CHECK_EVERY * batch, whole)])
    if whole < len(order):
        train(space_of(len(order) - whole), order[whole:])
    check(f"pattern {len(order) - 1}")


@njit
def gather(patterns, rows, out):
    """out = patterns[rows], in the precision and with the padding of ``out``."""
    for b in range(rows.size):
        row = rows[b]
        for j in range(patterns.shape[1]):
            out[b, j] = patterns[row, j]


@njit
def active_in(x, everyone, numbers):
    """The numbers of the neurons that are not silent in the whole batch, written to the front of ``numbers``."""
    found = 0
    for j in everyone:
        numbers[found] = j
        silent = True
        for b in range(x.shape[0]):
            silent &= x[b, j] == 0
        found += not silent
    return numbers[:found]


@njit(**SMOOTH)
def learn_layer(w, b, eta, pre, active, post, thresholds):
    """w += η · batch mean of post · preᵀ, and likewise b for a presynaptic rate of 1; ``post`` is scaled in place."""
    step = eta / w.dtype.type(post.shape[0])
    for row in range(post.shape[0]):
        for j in range(post.shape[1]):
            post[row, j] *= step
    thin.add_outer(pre, active, w, post)
    if thresholds:
        for row in range(post.shape[0]):
            for j in range(post.shape[1]):
                b[j] += post[row, j]
