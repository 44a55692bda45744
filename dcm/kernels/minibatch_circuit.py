"""Fast twin for MNIST: ``dcm.learn`` with ``two_pass`` on mini-batches, in one compiled loop."""

from collections import namedtuple
from dataclasses import replace

import numpy as np
from numba import njit

from dcm.kernels import minibatch
from dcm.kernels.minibatch import learn_thresholds, learn_weights, respond, subtract
from dcm.kernels.phi import EXACT
from dcm.kernels.products import panels, product, unpanelled
from dcm.model import checks
from dcm.model.circuit import LEARNING, WEIGHTS
from dcm.model.transfer import Logistic
from dcm.settle.learning import refuse_runaway

# The loop's view of a circuit: its weights as panels, the learning rate of each, and its constants.
# ``mirrored[h]``: w_pi = -w_down for good; ``lowest``: last hidden layer the pass down must reach.
Net = namedtuple("Net", WEIGHTS)
Constants = namedtuple(
    "Constants",
    "eta thresholds attenuation attenuation_inter mixing_output mixing_hidden mixing_inter"
    " mirrored lowest",
)
# The cells of a layer, one row per pattern: v̂, what their dendrites alone predict, and φ(v̂); somata
# and rates; v_A and its top-down part; a difference of rates, as in the brackets of Eqs. 7-10.
Cells = namedtuple("Cells", "predicted predicted_rate u rate apical top_down difference")


def learn_two_pass(circuit, inputs, u_targets, rates, *, order, batch=10):
    """As ``dcm.learn(…, settle=two_pass, duration=1, batch=batch)`` over the rows ``order``.

    Works in the precision of the circuit (float32 for speed). Weights of rate 0 cost nothing, and
    where w_pi = -w_down is fixed, one product serves both.

    Parameters
    ----------
    circuit : Circuit
        Start, of ``Logistic`` neurons; not modified.
    inputs, u_targets : (n, n_0) and (n, n_N)
        All patterns; only the rows in ``order`` are shown, in that order.
    rates : LearningRates
        Per presentation.
    batch : int
        Patterns whose updates are averaged; multiples of five are the fastest.

    Returns
    -------
    Circuit

    Raises
    ------
    TypeError
        For another transfer function than ``Logistic``.
    ValueError, IndexError
        If patterns, ``order`` or rates do not fit the circuit.
    DivergenceError
        If learning runs away, naming the pattern and the rate to lower.
    """
    if type(circuit.transfer) is not Logistic:
        neurons = f"Logistic neurons, not {circuit.transfer!r}"
        raise TypeError(f"learn_two_pass is written for {neurons}; use dcm.learn")
    inputs, u_targets, order = minibatch.checked_rows(inputs, u_targets, order, circuit.sizes)
    batch = checks.count("batch", batch)
    eta = {
        name: rates.per_layer(kind, len(getattr(circuit, name)))
        for name, (_, kind) in LEARNING.items()
    }
    dtype = circuit.w_up[0].dtype
    net = Net(*(_panels_of(getattr(circuit, name), dtype) for name in WEIGHTS))
    constants = _constants(circuit, eta, rates.thresholds)
    space = minibatch.batch_of(circuit.sizes, min(batch, len(order)), dtype)
    pyramidal = minibatch.rows_of_layers(Cells, len(space.inputs), circuit.sizes[1:], dtype)
    inter = minibatch.rows_of_layers(Cells, len(space.inputs), circuit.sizes[2:], dtype)

    def train(rows):
        _learn(net, constants, space, pyramidal, inter, inputs, u_targets, rows, batch)

    minibatch.in_turns(train, order, batch, lambda where: refuse_runaway(net, where))
    learnt = {
        name: _unpanelled(getattr(circuit, name), getattr(net, name), eta[name]) for name in WEIGHTS
    }
    return replace(circuit, **learnt)


def _panels_of(arrays, dtype):
    return tuple(panels(w, dtype) for w in arrays)


def _unpanelled(before, after, eta):
    """Arrays as the circuit keeps them; those of rate 0 are the circuit's own."""
    layers = zip(before, after, eta, strict=True)
    return tuple(unpanelled(new, len(old)) if e else old for old, new, e in layers)


def _constants(circuit, eta, thresholds) -> Constants:
    """The constants of both passes and Eqs. 7-10, in the circuit's precision."""
    g = circuit.conductances
    number = circuit.w_up[0].dtype.type
    return Constants(
        eta=Net(*(np.array(eta[name], number) for name in WEIGHTS)),
        thresholds=thresholds,
        attenuation=np.array(circuit.attenuations, number),
        attenuation_inter=number(g.attenuation_interneuron),
        mixing_output=number(g.mixing_output),
        mixing_hidden=number(g.mixing_hidden),
        mixing_inter=number(g.mixing_interneuron),
        mirrored=np.array(_mirrored(circuit, eta)),
        lowest=_lowest(eta),
    )


def _mirrored(circuit, eta) -> list[bool]:
    """For each hidden layer, whether w_pi = -w_down for good, so that one product serves both."""
    layers = zip(circuit.w_pi, circuit.w_down, eta["w_pi"], eta["w_down"], strict=True)
    return [
        not (eta_pi or eta_down) and np.array_equal(w_pi, -w_down)
        for w_pi, w_down, eta_pi, eta_down in layers
    ]


def _lowest(eta) -> int:
    """The lowest hidden layer of which an update sees v_A or the rates after the nudge."""
    seen = [h for name in ("w_ip", "w_pi", "w_down") for h, e in enumerate(eta[name]) if e]
    # w_up[k] sees hidden layer k - 1 (presynaptic) and k (postsynaptic)
    seen += [max(k - 1, 0) for k, e in enumerate(eta["w_up"]) if e]
    return min(seen, default=len(eta["w_ip"]))


@njit(cache=True, **EXACT)
def _learn(net, c, space, pyramidal, inter, inputs, u_targets, order, batch):
    """Mini-batches in turn, in place: a pass up, the nudge, a pass down, and the weights."""
    top = len(pyramidal) - 1
    for i in range(0, order.size, batch):
        rows = order[i : i + batch]
        active = minibatch.show(inputs, u_targets, rows, space)
        for k in range(top + 1):  # Eq. 3, on the rates that the layer below predicts
            if k == 0:
                product(space.inputs, active, net.w_up[k], pyramidal[k].predicted)
            else:
                pre = pyramidal[k - 1].predicted_rate
                product(pre, space.neurons[k], net.w_up[k], pyramidal[k].predicted)
            _predict(pyramidal[k], net.b_up[k], c.attenuation[k])
        _mix(pyramidal[top], space.targets, c.mixing_output)
        for h in range(top - 1, c.lowest - 1, -1):
            _downward(net, c, space, h, pyramidal[h], pyramidal[h + 1], inter[h], rows.size)
        for k in range(top + 1):
            if c.eta.w_up[k] != 0:
                post = pyramidal[k].difference
                subtract(
                    pyramidal[k].rate, pyramidal[k].predicted_rate, post
                )  # Eq. 7: φ(u) - φ(v̂_B)
                if k == 0:
                    pre = space.inputs
                    learn_weights(net.w_up[k], c.eta.w_up[k], pre, active, post, rows.size)
                else:
                    pre = pyramidal[k - 1].rate
                    firing = space.neurons[k]
                    learn_weights(net.w_up[k], c.eta.w_up[k], pre, firing, post, rows.size)
                if c.thresholds:
                    learn_thresholds(net.b_up[k], post)


@njit(**EXACT)
def _downward(net, c, space, h, own, above, inter, n_patterns):
    """Pass down at hidden layer h: interneurons, apical dendrites and somata, then Eqs. 8-10."""
    neurons = space.neurons[h + 1]
    neurons_above = space.neurons[h + 2]
    product(own.predicted_rate, neurons, net.w_ip[h], inter.predicted)  # Eq. 5
    _predict(inter, net.b_ip[h], c.attenuation_inter)
    _mix(inter, above.u, c.mixing_inter)
    if c.mirrored[h]:
        subtract(above.rate, inter.rate, inter.difference)
        # Eq. 4 with w_pi = -w_down: v_A = w_down (r - r_I)
        product(inter.difference, neurons_above, net.w_down[h], own.apical)
    else:
        product(above.rate, neurons_above, net.w_down[h], own.top_down)
        product(inter.rate, neurons_above, net.w_pi[h], own.apical)
        _add(own.top_down, own.apical)  # Eq. 4: v_A = w_down r + w_pi r_I
    _take_up(own, c.mixing_hidden)
    if c.eta.w_down[h] != 0:
        post = own.difference
        respond(own.top_down, post)
        subtract(own.rate, post, post)  # Eq. 10: φ(u) - φ(w_down r)
        learn_weights(net.w_down[h], c.eta.w_down[h], above.rate, neurons_above, post, n_patterns)
    if c.eta.w_pi[h] != 0:
        eta = -c.eta.w_pi[h]  # Eq. 9: 0 - v_A
        learn_weights(net.w_pi[h], eta, inter.rate, neurons_above, own.apical, n_patterns)
    if c.eta.w_ip[h] != 0:
        post = inter.difference
        subtract(inter.rate, inter.predicted_rate, post)  # Eq. 8: φ(u_I) - φ(v̂_I)
        learn_weights(net.w_ip[h], c.eta.w_ip[h], own.rate, neurons, post, n_patterns)
        if c.thresholds:
            learn_thresholds(net.b_ip[h], post)


@njit(**EXACT)
def _predict(cells, threshold, attenuation):
    """v̂ = attenuation · (w r + b), with the product w r in its place, and φ(v̂)."""
    predicted = cells.predicted
    for b in range(predicted.shape[0]):
        for j in range(predicted.shape[1]):
            predicted[b, j] = attenuation * (predicted[b, j] + threshold[j])
    respond(predicted, cells.predicted_rate)


@njit(**EXACT)
def _mix(cells, pull, mixing):
    """Somata between prediction and pull, u = (1 - λ) v̂ + λ pull, and their rates."""
    for b in range(pull.shape[0]):
        for j in range(pull.shape[1]):
            predicted = cells.predicted[b, j]
            cells.u[b, j] = predicted + mixing * (pull[b, j] - predicted)
    respond(cells.u, cells.rate)


@njit(**EXACT)
def _add(a, out):
    for b in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[b, j] += a[b, j]


@njit(**EXACT)
def _take_up(cells, mixing):
    """Hidden somata take up what the apical dendrite adds, u = v̂ + λ v_A, and their rates."""
    for b in range(cells.u.shape[0]):
        for j in range(cells.u.shape[1]):
            cells.u[b, j] = cells.predicted[b, j] + mixing * cells.apical[b, j]
    respond(cells.u, cells.rate)
