"""The plain NumPy twins with the kernels' signatures: their measure, and stand-in without Numba."""

from types import SimpleNamespace

import numpy as np

from dcm.model import checks
from dcm.model.backprop import descent
from dcm.model.conductances import Conductances
from dcm.model.transfer import Logistic
from dcm.settle import learning
from dcm.settle.dynamics import integrate
from dcm.settle.two_pass import two_pass

__all__ = ["integrate", "learn", "learn_backprop", "learn_two_pass"]


def learn(circuit, inputs, u_targets, rates, *, duration=100.0, record=(), record_every=1):
    """``dcm.learn`` with its default settling and rule."""
    options = {"duration": duration, "record": record, "record_every": record_every}
    return learning.learn(circuit, inputs, u_targets, rates, **options)


def learn_two_pass(circuit, inputs, u_targets, rates, *, order, batch=10):
    """The circuit after ``dcm.learn`` with ``two_pass`` over ``order``; rates per presentation."""
    targets = None if u_targets is None else u_targets[order]
    options = {"settle": two_pass, "duration": 1.0, "batch": batch}
    learned, _ = learning.learn(circuit, inputs[order], targets, rates, **options)
    return learned


def learn_backprop(w, b, inputs, u_targets, eta, *, order, batch=10):
    """Steps ``eta`` along ``dcm.backprop`` for a logistic net u_k = W_k r_{k-1} + b_k, in place."""
    etas = 2 * [*np.broadcast_to(eta, len(w))]  # of the weights, and of the thresholds
    net = SimpleNamespace(transfer=Logistic(), conductances=Conductances(leak=0.0, apical=0.0))
    net.w_up = w
    net.b_up = b
    net.sizes = (w[0].shape[1], *map(len, w))
    for i in range(0, len(order), checks.count("batch", batch)):
        rows = order[i : i + batch]
        steps = descent(net, inputs[rows], u_targets[rows], [x.T for x in w[1:]])
        for weights, step, rate in zip((*w, *b), (*steps[0], *steps[1]), etas, strict=True):
            weights += weights.dtype.type(rate) * step
