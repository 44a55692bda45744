"""The plain NumPy twins with the kernels' signatures: their measure, and stand-in without Numba."""

from types import SimpleNamespace

import numpy as np

from dcm.kernels import admission
from dcm.model import checks
from dcm.model.backprop import descent
from dcm.model.circuit import WEIGHTS
from dcm.model.conductances import Conductances
from dcm.model.transfer import Logistic
from dcm.settle import learning
from dcm.settle.dynamics import integrate
from dcm.settle.learning import refuse_runaway
from dcm.settle.two_pass import two_pass

__all__ = ["integrate", "learn", "learn_backprop", "learn_two_pass"]


def learn(circuit, inputs, u_targets, rates, *, duration=100.0, record=(), record_every=1):
    """``dcm.learn`` with its default settling and rule."""
    options = {"duration": duration, "record": record, "record_every": record_every}
    return learning.learn(circuit, inputs, u_targets, rates, **options)


def learn_two_pass(circuit, inputs, u_targets, rates, *, order, batch=10):
    """The circuit after ``dcm.learn`` with ``two_pass`` over ``order``; rates per presentation."""
    shown = admission.circuit_and_patterns(circuit, inputs, u_targets, rates, order, batch)
    targets = None if u_targets is None else shown.u_targets[shown.order]
    options = {"settle": two_pass, "duration": 1.0, "batch": shown.batch}
    learned, _ = learning.learn(circuit, shown.inputs[shown.order], targets, rates, **options)
    return learned


def learn_backprop(w, b, inputs, u_targets, eta, *, order, batch=10):
    """Steps ``eta`` along ``dcm.backprop`` for a logistic net u_k = W_k r_{k-1} + b_k, in place."""
    shown, etas = admission.net_and_patterns(w, b, inputs, u_targets, eta, order, batch)
    net = SimpleNamespace(transfer=Logistic(), conductances=Conductances(leak=0.0, apical=0.0))
    vars(net).update(dict.fromkeys(WEIGHTS, ()))
    net.w_up = [x.copy() for x in w]
    net.b_up = [x.copy() for x in b]
    net.sizes = (w[0].shape[1], *map(len, w))
    for i in range(0, len(shown.order), shown.batch):
        with np.errstate(over="ignore", invalid="ignore"):  # what runs away is reported
            _step(net, shown, shown.order[i : i + shown.batch], etas, f"backprop, pattern {i}")
    for old, new in zip((*w, *b), (*net.w_up, *net.b_up), strict=True):
        old[...] = new


def _step(net, shown, rows, etas, where: str) -> None:
    """One step along ``descent`` in place, or ``DivergenceError`` saying ``where``."""
    feedback = [x.T for x in net.w_up[1:]]
    try:
        steps = descent(net, shown.inputs[rows], shown.u_targets[rows], feedback)
    except checks.NotFinite:
        refuse_runaway(net, where, "w_up[0]")
    arrays = (*net.w_up, *net.b_up)
    for weights, step, rate in zip(arrays, (*steps[0], *steps[1]), 2 * etas, strict=True):
        weights += weights.dtype.type(rate) * step
    refuse_runaway(net, where)
