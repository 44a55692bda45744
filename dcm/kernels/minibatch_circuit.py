"""Fast twin for MNIST: ``dcm.learn`` with ``two_pass`` on mini-batches, in one compiled loop."""

from collections import namedtuple
from dataclasses import replace

import numpy as np
from numba import njit

from dcm.kernels import admission, minibatch
from dcm.kernels.cache import kept
from dcm.kernels.minibatch import (
    energy,
    learn_thresholds,
    learn_weights,
    predict,
    respond,
    subtract,
)
from dcm.kernels.phi import EXACT
from dcm.kernels.products import panels, product, unpanelled
from dcm.model import checks
from dcm.model.circuit import LEARNING, WEIGHTS
from dcm.settle.learning import DivergenceError, refuse_runaway

# Weights as panels, or the learning rates of each; the constants, of which ``mirrored[h]``: w_pi =
# -w_down for good, one product serves both; ``lowest``: last hidden layer of the pass down.
Net = namedtuple("Net", WEIGHTS)
Constants = namedtuple(
    "Constants",
    "eta thresholds attenuation attenuation_inter mixing_output mixing_hidden mixing_inter"
    " mirrored lowest",
)
# One row per pattern: v̂ and φ(v̂); somata, rates; v_A, its top-down part; brackets of Eqs. 7-10.
Cells = namedtuple("Cells", "predicted predicted_rate u rate apical top_down difference")


def learn_two_pass(circuit, inputs, u_targets, rates, *, order, batch=10):
    """As ``dcm.learn(…, settle=two_pass, duration=1, batch=batch)`` over the rows ``order``.

    Works in the precision of the circuit (float32 for speed). Weights of rate 0 cost nothing.

    Parameters
    ----------
    circuit : Circuit
        Start, of ``Logistic`` neurons; not modified.
    inputs, u_targets : (n, n_0) and (n, n_N) or None
        All patterns, of which the rows ``order`` are shown, in that order; None: no teaching.
    rates : LearningRates
        Per presentation.
    order : (n_shown,) whole numbers
        Rows of ``inputs``, from 0.
    batch : int
        Patterns whose updates are averaged; multiples of five are the fastest.

    Raises
    ------
    TypeError, ValueError, IndexError
        If neurons are not ``Logistic``; if patterns, ``order`` or rates do not fit the circuit.
    DivergenceError
        If learning runs away, naming the pattern and the rate to lower.
    """
    shown = admission.circuit_and_patterns(circuit, inputs, u_targets, rates, order, batch)
    dtype = shown.inputs.dtype
    nudged = u_targets is not None
    targets = shown.u_targets if nudged else np.zeros((len(shown.inputs), circuit.sizes[-1]), dtype)
    space = minibatch.batch_of(circuit.sizes, shown.batch, dtype)
    pyramidal = minibatch.layers_of(Cells, space)
    inter = minibatch.layers_of(Cells, space)
    net = Net(*(tuple(panels(w, dtype) for w in getattr(circuit, name)) for name in WEIGHTS))
    constants = _constants(circuit, rates, nudged, dtype.type)

    def train(rows, room):
        patterns = (shown.inputs, targets, rows, shown.batch)
        return _learn(net, constants, space, pyramidal, inter, *patterns, room)

    def check(where):
        refuse_runaway(net, where)
        if not all(checks.finite(x) for cells in pyramidal[1:] for x in (cells.predicted, cells.u)):
            remedy = "use smaller weights, inputs or targets; or lower the learning rates"
            raise DivergenceError(f"{where}: two passes end in infinite potentials; {remedy}")

    minibatch.in_turns(train, shown, net, check)
    learnt = {}
    for name, arrays in net._asdict().items():
        layers = zip(arrays, getattr(circuit, name), getattr(constants.eta, name), strict=True)
        learnt[name] = tuple(unpanelled(new, len(old)) if eta else old for new, old, eta in layers)
    return replace(circuit, **learnt)


def _constants(circuit, rates, nudged, number) -> Constants:
    """The constants of both passes and Eqs. 7-10, as ``number`` of the circuit's precision."""
    g = circuit.conductances
    eta = {}
    for name, (_, kind) in LEARNING.items():
        learns = name.startswith("w_") or rates.thresholds
        etas = np.array(rates.per_layer(kind, len(getattr(circuit, name))))
        with np.errstate(over="ignore"):  # an infinite rate makes weights that are refused
            eta[name] = (etas * learns).astype(number)
    eta = Net(**eta)
    # updates see v_A and the rates after the nudge in these hidden layers, and in those above
    seen = [*np.flatnonzero(eta.w_ip + eta.w_pi + eta.w_down), *np.flatnonzero(eta.w_up) - 1]
    mirrored = []
    for h, (w_pi, w_down) in enumerate(zip(circuit.w_pi, circuit.w_down, strict=True)):
        mirrored.append(not (eta.w_pi[h] or eta.w_down[h]) and np.array_equal(w_pi, -w_down))
    return Constants(
        eta=eta,
        thresholds=rates.thresholds,
        attenuation=np.array(circuit.attenuations, number),
        attenuation_inter=number(g.attenuation_interneuron),
        mixing_output=number(g.mixing_output if nudged else 0.0),
        mixing_hidden=number(g.mixing_hidden),
        mixing_inter=number(g.mixing_interneuron),
        mirrored=np.array(mirrored),
        lowest=max(0, min(seen, default=len(mirrored))),
    )


@kept(**EXACT)
def _learn(net, c, space, pyramidal, inter, inputs, u_targets, order, batch, room):
    """Mini-batches in turn, in place: a pass up, the nudge, a pass down, and the weights.

    Returns the patterns shown; the last is where a weight could have moved by ``room``.
    """
    top = len(pyramidal) - 1
    for i in range(0, order.size, batch):
        rows = order[i : i + batch]
        active = minibatch.show(inputs, u_targets, rows, space)
        for k in range(top):
            cells = pyramidal[k + 1]
            # Eq. 3, on the rates that the layer below predicts
            product(pyramidal[k].predicted_rate, active[k], net.w_up[k], cells.predicted)
            predict(cells.predicted, net.b_up[k], c.attenuation[k], cells.predicted_rate)
        _mix(pyramidal[top], space.targets, c.mixing_output)
        for h in range(top - 2, c.lowest - 1, -1):
            own = pyramidal[h + 1]
            room -= _downward(net, c, active, h, own, pyramidal[h + 2], inter[h + 2], rows.size)
        for k in range(top):
            # nothing, or NaN when potentials are infinite
            room -= 0 * (energy(pyramidal[k + 1].predicted) + energy(pyramidal[k + 1].u))
            eta = c.eta.w_up[k]
            if eta != 0:
                post = pyramidal[k + 1].difference
                # Eq. 7: φ(u) - φ(v̂_B)
                subtract(pyramidal[k + 1].rate, pyramidal[k + 1].predicted_rate, post)
                rate = pyramidal[k].rate
                room -= learn_weights(net.w_up[k], eta, rate, active[k], post, rows.size)
                if c.thresholds:
                    learn_thresholds(net.b_up[k], post)
        if not room > 0:
            return i + rows.size
    return order.size


@njit(**EXACT)
def _downward(net, c, active, h, own, above, inter, n_patterns):
    """Pass down at hidden layer h: interneurons, apical dendrites and somata, then Eqs. 8-10.

    Returns more than any weight can move.
    """
    neurons = active[h + 1]
    neurons_above = active[h + 2]
    product(own.predicted_rate, neurons, net.w_ip[h], inter.predicted)  # Eq. 5
    predict(inter.predicted, net.b_ip[h], c.attenuation_inter, inter.predicted_rate)
    _mix(inter, above.u, c.mixing_inter)
    if c.mirrored[h]:
        # Eq. 4 with w_pi = -w_down: v_A = w_down (r - r_I); ``top_down`` stays 0
        subtract(above.rate, inter.rate, inter.difference)
        product(inter.difference, neurons_above, net.w_down[h], own.apical)
    else:
        product(above.rate, neurons_above, net.w_down[h], own.top_down)
        product(inter.rate, neurons_above, net.w_pi[h], own.apical)
    _take_up(own, c.mixing_hidden)
    reach = 0.0
    if c.eta.w_down[h] != 0:
        post = own.difference
        respond(own.top_down, post)
        subtract(own.rate, post, post)  # Eq. 10: φ(u) - φ(w_down r)
        eta = c.eta.w_down[h]
        reach += learn_weights(net.w_down[h], eta, above.rate, neurons_above, post, n_patterns)
    if c.eta.w_pi[h] != 0:
        eta = -c.eta.w_pi[h]  # Eq. 9: 0 - v_A
        reach += learn_weights(net.w_pi[h], eta, inter.rate, neurons_above, own.apical, n_patterns)
    if c.eta.w_ip[h] != 0:
        post = inter.difference
        subtract(inter.rate, inter.predicted_rate, post)  # Eq. 8: φ(u_I) - φ(v̂_I)
        reach += learn_weights(net.w_ip[h], c.eta.w_ip[h], own.rate, neurons, post, n_patterns)
        if c.thresholds:
            learn_thresholds(net.b_ip[h], post)
    return reach


@njit(**EXACT)
def _mix(cells, pull, mixing):
    """Somata between prediction and pull, u = (1 - λ) v̂ + λ pull, and their rates."""
    for b in range(pull.shape[0]):
        for j in range(pull.shape[1]):
            predicted = cells.predicted[b, j]
            cells.u[b, j] = predicted + mixing * (pull[b, j] - predicted)
    respond(cells.u, cells.rate)


@njit(**EXACT)
def _take_up(cells, mixing):
    """Hidden somata take up what the apical dendrite adds, u = v̂ + λ v_A, and their rates."""
    for b in range(cells.u.shape[0]):
        for j in range(cells.u.shape[1]):
            cells.apical[b, j] += cells.top_down[b, j]  # Eq. 4: v_A = w_pi r_I + w_down r
            cells.u[b, j] = cells.predicted[b, j] + mixing * cells.apical[b, j]
    respond(cells.u, cells.rate)
