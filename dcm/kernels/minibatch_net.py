"""Plain backprop on mini-batches, one compiled loop over all of them: the reference for MNIST."""

from collections import namedtuple
from types import SimpleNamespace

import numpy as np
from numba import njit

from dcm.kernels import admission, minibatch
from dcm.kernels.cache import kept
from dcm.kernels.minibatch import learn_thresholds, learn_weights, predict, subtract
from dcm.kernels.phi import EXACT
from dcm.kernels.products import panels, product, transposed_product, unpanelled
from dcm.model.circuit import WEIGHTS
from dcm.settle.learning import refuse_runaway

# Potentials, rates and errors δ of a layer, one row per pattern.
Layer = namedtuple("Layer", "u rate delta")


def learn_backprop(w, b, inputs, u_targets, eta, *, order, batch=10):
    """Plain stochastic gradient descent for a logistic feedforward net, in place.

    The net is u_k = W_k φ(u_{k-1}) + b_k; a step is ``eta`` times the batch mean of the direction
    that ``dcm.backprop`` gives for leak 0 and no apical load.

    Parameters
    ----------
    w, b : list of (n_{k+1}, n_k) and of (n_{k+1},)
        Weights and thresholds, changed in place, in their precision (float32 for speed); when
        learning runs away they stay as they were.
    inputs, u_targets : (n, n_0) and (n, n_N)
        All patterns; only the rows in ``order`` are shown, in that order.
    eta : float or one per layer
        Larger = larger steps.
    order : (n_shown,) whole numbers
        Rows of ``inputs``, from 0.
    batch : int
        Patterns whose steps are averaged; a multiple of five is the fastest.

    Raises
    ------
    ValueError, IndexError
        If weights are no writeable arrays of one precision or share memory; if patterns, ``eta`` or
        ``order`` do not fit.
    DivergenceError
        If learning runs away, naming the pattern.
    """
    shown, etas = admission.net_and_patterns(w, b, inputs, u_targets, eta, order, batch)
    sizes = (w[0].shape[1], *map(len, w))
    dtype = w[0].dtype
    space = minibatch.batch_of(sizes, shown.batch, dtype)
    layers = minibatch.layers_of(Layer, space)
    with np.errstate(over="ignore"):  # an infinite rate makes weights that are refused
        etas = np.array(etas).astype(dtype)
    net = SimpleNamespace(**dict.fromkeys(WEIGHTS, ()))
    net.w_up = tuple(panels(matrix, dtype) for matrix in w)
    net.b_up = tuple(panels(vector, dtype) for vector in b)

    def train(rows, room):
        patterns = (shown.inputs, shown.u_targets, rows, shown.batch)
        return _learn(net.w_up, net.b_up, etas, space, layers, *patterns, room)

    minibatch.in_turns(train, shown, net, lambda at: refuse_runaway(net, f"backprop, {at}"))
    for old, new in zip((*w, *b), (*net.w_up, *net.b_up), strict=True):
        old[...] = unpanelled(new, len(old))


@kept(**EXACT)
def _learn(w, thresholds, etas, space, layers, inputs, u_targets, order, batch, room):
    """Mini-batches in turn, in place; returns the patterns shown.

    The last is where a weight could have moved by ``room``.
    """
    top = len(w)
    for i in range(0, order.size, batch):
        rows = order[i : i + batch]
        active = minibatch.show(inputs, u_targets, rows, space)
        for k in range(top):  # u = W r + b, (n_patterns, n_{k+1})
            product(layers[k].rate, active[k], w[k], layers[k + 1].u)
            predict(layers[k + 1].u, thresholds[k], etas.dtype.type(1), layers[k + 1].rate)
        subtract(space.targets, layers[top].u, layers[top].delta)
        for k in range(top - 1, -1, -1):
            delta = layers[k + 1].delta
            _times_slope(layers[k + 1].rate, delta)
            if k > 0:
                transposed_product(delta, w[k], layers[k].delta)  # W_kᵀ δ_k
            room -= learn_weights(w[k], etas[k], layers[k].rate, active[k], delta, rows.size)
            learn_thresholds(thresholds[k], delta)
        if not room > 0:
            return i + rows.size
    return order.size


@njit(**EXACT)
def _times_slope(rate, delta):
    """δ *= φ'(u), and φ' = r (1 - r)."""
    for b in range(rate.shape[0]):
        for j in range(rate.shape[1]):
            r = rate[b, j]
            delta[b, j] *= r - r * r
