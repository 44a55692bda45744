"""Plain backprop on mini-batches, one compiled loop over all of them: the reference for MNIST."""

from collections import namedtuple
from types import SimpleNamespace

import numpy as np
from numba import njit

from dcm.kernels import minibatch
from dcm.kernels.minibatch import learn_thresholds, learn_weights, respond, subtract
from dcm.kernels.phi import EXACT
from dcm.kernels.products import panels, product, transposed_product, unpanelled
from dcm.model import checks
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
        Weights and thresholds, changed in place; the work has their precision (float32 for speed).
        One matrix makes a net without hidden layer.
    inputs, u_targets : (n, n_0) and (n, n_N)
        All patterns; only the rows in ``order`` are shown, in that order.
    eta : float or one per layer
        Larger = larger steps.
    batch : int
        Patterns whose steps are averaged; a multiple of five is the fastest.

    Raises
    ------
    ValueError, IndexError
        If patterns or ``order`` do not fit.
    DivergenceError
        If learning runs away, naming the pattern.
    """
    sizes = (w[0].shape[1], *map(len, w))
    dtype = w[0].dtype
    inputs, u_targets, order = minibatch.checked_rows(inputs, u_targets, order, sizes)
    batch = checks.count("batch", batch)
    etas = np.broadcast_to(eta, len(w)).astype(dtype)
    weights = tuple(panels(matrix, dtype) for matrix in w)
    thresholds = tuple(panels(vector, dtype) for vector in b)
    space = minibatch.batch_of(sizes, min(batch, len(order)), dtype)
    layers = minibatch.rows_of_layers(Layer, len(space.inputs), sizes[1:], dtype)
    net = SimpleNamespace(**dict.fromkeys(WEIGHTS, ()))
    net.w_up = weights
    net.b_up = thresholds

    def train(rows):
        _learn(weights, thresholds, etas, space, layers, inputs, u_targets, rows, batch)

    def check(where):
        refuse_runaway(net, f"backprop, {where}")

    minibatch.in_turns(train, order, batch, check)
    for k in range(len(w)):
        w[k][...] = unpanelled(weights[k], len(w[k]))
        b[k][...] = unpanelled(thresholds[k], len(b[k]))


@njit(cache=True, **EXACT)
def _learn(w, thresholds, etas, space, layers, inputs, u_targets, order, batch):
    """Mini-batches in turn, in place."""
    top = len(w) - 1
    for i in range(0, order.size, batch):
        rows = order[i : i + batch]
        active = minibatch.show(inputs, u_targets, rows, space)
        for k in range(top + 1):
            pre, firing = _presynaptic(space, layers, active, k)
            product(pre, firing, w[k], layers[k].u)
            _soma(layers[k], thresholds[k])
        subtract(space.targets, layers[top].u, layers[top].delta)
        for k in range(top, -1, -1):
            _times_slope(layers[k])
            if k > 0:
                transposed_product(layers[k].delta, w[k], layers[k - 1].delta)  # W_kᵀ δ_k
            pre, firing = _presynaptic(space, layers, active, k)
            learn_weights(w[k], etas[k], pre, firing, layers[k].delta, rows.size)
            learn_thresholds(thresholds[k], layers[k].delta)


@njit
def _presynaptic(space, layers, active, k):
    """The rates that weights k see, and the numbers of the neurons that may fire."""
    if k == 0:
        return space.inputs, active
    return layers[k - 1].rate, space.neurons[k]


@njit(**EXACT)
def _soma(layer, threshold):
    """u = W r + b, with the product already in its place, and r = φ(u)."""
    for b in range(layer.u.shape[0]):
        for j in range(layer.u.shape[1]):
            layer.u[b, j] += threshold[j]
    respond(layer.u, layer.rate)


@njit(**EXACT)
def _times_slope(layer):
    """δ *= φ'(u), and φ' = r (1 - r)."""
    for b in range(layer.rate.shape[0]):
        for j in range(layer.rate.shape[1]):
            r = layer.rate[b, j]
            layer.delta[b, j] *= r - r * r
