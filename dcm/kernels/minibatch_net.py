"""Plain backprop on mini-batches, one compiled loop over all of them: the reference for MNIST."""

from __future__ import annotations

from collections import namedtuple
from types import SimpleNamespace

import numpy as np
from numba import njit

from dcm.kernels.logistic import SMOOTH, rates
from dcm.kernels.minibatch import active_in, checked_rows, gather, in_batches, learn_layer
from dcm.kernels.products import padded, panels, product, transposed_product, unpanelled
from dcm.model.circuit import WEIGHTS
from dcm.settle.learning import refuse_runaway

# Work space: rows of inputs and targets (batch, n), the numbers of all neurons and room for those of the active
# inputs, and three such rows a layer.
Space = namedtuple("Space", "x target everyone active layers")
U, R, DELTA = range(3)


def learn_backprop(w, b, inputs, u_targets, eta, *, order, batch=10):
    """Plain stochastic gradient descent for a logistic feedforward net u_k = W_k φ(u_{k-1}) + b_k, in place.

    The direction is that of ``dcm.backprop`` for leak 0 and no apical load (loss of Section 3, steps ``eta`` times the
    batch mean).

    Parameters
    ----------
    w, b : list of (n_{k+1}, n_k) and of (n_{k+1},)
        Weights and thresholds; changed in place. One matrix makes a net without hidden layer.
    eta : float or one per layer
    """
    sizes, dtype = (w[0].shape[1], *map(len, w)), w[0].dtype
    inputs, u_targets, order = checked_rows(inputs, u_targets, order, sizes)
    etas = np.broadcast_to(eta, len(w)).astype(dtype)
    panelled, thresholds = (tuple(panels(a.astype(dtype)) for a in arrays) for arrays in (w, b))
    named = SimpleNamespace(**dict.fromkeys(WEIGHTS, ()) | {"w_up": panelled, "b_up": thresholds})
    in_batches(
        lambda space, rows: _learn(panelled, thresholds, etas, space, inputs, u_targets, rows),
        lambda rows: _work_space(sizes, rows, dtype),
        order, batch, lambda where: refuse_runaway(named, f"backprop, {where}"),
    )  # fmt: skip
    for k in range(len(w)):
        w[k][...], b[k][...] = (
            unpanelled(panelled[k], len(w[k])),
            unpanelled(thresholds[k], len(b[k])),
        )


def _work_space(sizes, batch: int, dtype) -> Space:
    layers = tuple(padded((3, batch, n), dtype) for n in sizes[1:])
    everyone = tuple(np.arange(n) for n in sizes)
    return Space(
        padded((batch, sizes[0]), dtype),
        padded((batch, sizes[-1]), dtype),
        everyone,
        everyone[0].copy(),
        layers,
    )


@njit(cache=True, **SMOOTH)
def _learn(w, thresholds, etas, space, inputs, targets, order):
    """Mini-batches, in place; each has as many patterns as the work space has rows."""
    layers, top = space.layers, len(w) - 1
    for i in range(0, order.size, space.x.shape[0]):
        rows = order[i : i + space.x.shape[0]]
        gather(inputs, rows, space.x)
        gather(targets, rows, space.target)
        active = active_in(space.x, space.everyone[0], space.active)
        for k in range(top + 1):
            pre, firing = (space.x, active) if k == 0 else (layers[k - 1][R], space.everyone[k])
            product(pre, firing, w[k], layers[k][U])
            _soma(layers[k], thresholds[k])
        layers[top][DELTA][:] = space.target - layers[top][U]
        for k in range(top, -1, -1):
            _times_slope(layers[k])
            if k > 0:
                transposed_product(layers[k][DELTA], w[k], layers[k - 1][DELTA])
            pre, firing = (space.x, active) if k == 0 else (layers[k - 1][R], space.everyone[k])
            learn_layer(w[k], thresholds[k], etas[k], pre, firing, layers[k][DELTA], True)


@njit(**SMOOTH)
def _soma(layer, threshold):
    """u += b for the products in its place, and r = φ(u)."""
    for b in range(layer.shape[1]):
        for j in range(layer.shape[2]):
            layer[U, b, j] += threshold[j]
    rates(layer[U], layer[R])


@njit(**SMOOTH)
def _times_slope(layer):
    """δ *= φ'(u), with φ' = r (1 - r)."""
    for b in range(layer.shape[1]):
        for j in range(layer.shape[2]):
            r = layer[R, b, j]
            layer[DELTA, b, j] *= r - r * r
