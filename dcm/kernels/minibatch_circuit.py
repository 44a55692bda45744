"""Fast twin for MNIST: ``dcm.learn`` with ``two_pass`` on mini-batches, one compiled loop over all of them."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import replace

import numpy as np
from numba import njit

from dcm.kernels.logistic import SMOOTH, logistic, rates
from dcm.kernels.minibatch import active_in, checked_rows, gather, in_batches, learn_layer
from dcm.kernels.products import padded, panels, product, unpanelled
from dcm.model.circuit import WEIGHTS
from dcm.model.transfer import Logistic
from dcm.settle.learning import refuse_runaway

KINDS = ("up", "ip", "pi", "down")
# What the loop sees of a circuit: its weights in panels (dcm.kernels.thin) and its numbers, all of one precision;
# ``lowest`` is the last hidden layer that the downward pass must reach.
Net = namedtuple("Net", WEIGHTS)
Numbers = namedtuple(
    "Numbers",
    "attenuation inter_attenuation output hidden inter up ip pi down thresholds merged lowest",
)
# Work space: rows of inputs and targets (batch, n), the numbers of all neurons and room for those of the active
# inputs, and ROLES such rows a layer of pyramidal cells and of interneurons.
Space = namedtuple("Space", "x target everyone active pyramidal inter")
ROLES = 6
HAT, BEFORE, U, R, APICAL, SPARE = range(
    ROLES
)  # upward potential and rate; those after the nudge; v_A


def learn_two_pass(circuit, inputs, u_targets, rates, *, order, batch=10):
    """As ``dcm.learn(…, settle=two_pass, duration=1, batch=batch)`` over the rows ``order``; returns the circuit.

    Works in the precision of the circuit (float32 for speed); only for ``Logistic`` neurons. Batches of a multiple of
    ten are the fastest. Weights of rate 0 cost nothing, and where w_pi = -w_down is fixed, one product serves both.

    Parameters
    ----------
    inputs, u_targets : (n, n_0) and (n, n_N)
        All patterns; only the rows in ``order`` are shown, in that order.
    rates : LearningRates
        Per presentation.
    """
    if type(circuit.transfer) is not Logistic:
        raise TypeError(
            f"learn_two_pass is written for Logistic neurons, not {circuit.transfer!r}; use dcm.learn"
        )
    inputs, u_targets, order = checked_rows(inputs, u_targets, order, circuit.sizes)
    eta = {kind: rates.per_layer(kind, len(getattr(circuit, f"w_{kind}"))) for kind in KINDS}
    dtype = circuit.w_up[0].dtype
    net = Net(*(tuple(panels(w.astype(dtype)) for w in getattr(circuit, name)) for name in WEIGHTS))
    numbers = _numbers(circuit, eta, rates.thresholds)
    in_batches(
        lambda space, rows: _learn(net, numbers, space, inputs, u_targets, rows),
        lambda rows: _work_space(circuit.sizes, rows, dtype),
        order, batch, lambda where: refuse_runaway(net, where),
    )  # fmt: skip
    return replace(circuit, **{name: _unpacked(circuit, net, name, eta) for name in WEIGHTS})


def _unpacked(circuit, net, name, eta):
    """The arrays of one name as the circuit keeps them; those of rate 0 are the circuit's own."""
    layers = zip(getattr(circuit, name), getattr(net, name), eta[name.split("_")[1]], strict=True)
    return tuple(unpanelled(new, len(old)) if e else old for old, new, e in layers)


def _numbers(circuit, eta, thresholds) -> Numbers:
    """The constants of Section 5 and Eqs. 7-10 in the circuit's precision, and what may be left out."""
    g, number = circuit.conductances, circuit.w_up[0].dtype.type
    merged = [not (pi or down) and np.array_equal(w_pi, -w_down) for pi, down, w_pi, w_down
              in zip(eta["pi"], eta["down"], circuit.w_pi, circuit.w_down, strict=True)]  # fmt: skip
    used = [
        h for kind in KINDS[1:] for h, e in enumerate(eta[kind]) if e
    ]  # updates with v_A or rates of layer h
    used += [max(k - 1, 0) for k, e in enumerate(eta["up"]) if e]
    return Numbers(
        np.array(circuit.attenuations, number),
        *map(number, (g.attenuation_interneuron, g.mixing_output, g.mixing_hidden, g.mixing_interneuron)),
        *(np.array(eta[kind], number) for kind in KINDS),
        thresholds, np.array(merged), min(used, default=len(merged)),
    )  # fmt: skip


def _work_space(sizes, batch: int, dtype) -> Space:
    pyramidal, inter = (
        tuple(padded((ROLES, batch, n), dtype) for n in sizes[first:]) for first in (1, 2)
    )
    everyone = tuple(np.arange(n) for n in sizes)
    x, target = padded((batch, sizes[0]), dtype), padded((batch, sizes[-1]), dtype)
    return Space(x, target, everyone, everyone[0].copy(), pyramidal, inter)


@njit(cache=True, **SMOOTH)
def _learn(net, c, space, inputs, targets, order):
    """Mini-batches of Section 5 and Eqs. 7-10, in place; each has as many patterns as the work space has rows."""
    p, top = space.pyramidal, len(net.w_up) - 1
    for i in range(0, order.size, space.x.shape[0]):
        rows = order[i : i + space.x.shape[0]]
        gather(inputs, rows, space.x)
        gather(targets, rows, space.target)
        active = active_in(space.x, space.everyone[0], space.active)
        for k in range(top + 1):
            if k == 0:
                product(space.x, active, net.w_up[0], p[0][HAT])
            else:
                product(p[k - 1][BEFORE], space.everyone[k], net.w_up[k], p[k][HAT])
            _dendrite(p[k], net.b_up[k], c.attenuation[k])
        _mix(p[top][HAT], c.output, space.target, p[top])
        for h in range(top - 1, c.lowest - 1, -1):
            _downward(net, c, space, h)
        for k in range(top + 1):
            if c.up[k] != 0:
                _difference(p[k][R], p[k][BEFORE], p[k][SPARE])
                pre, firing = (space.x, active) if k == 0 else (p[k - 1][R], space.everyone[k])
                learn_layer(
                    net.w_up[k], net.b_up[k], c.up[k], pre, firing, p[k][SPARE], c.thresholds
                )


@njit(**SMOOTH)
def _downward(net, c, space, h):
    """Interneurons and apical dendrites of hidden layer h (Eqs. 4, 5), its somata, and Eqs. 8-10."""
    own, above, inter = space.pyramidal[h], space.pyramidal[h + 1], space.inter[h]
    n, n_above = space.everyone[h + 1], space.everyone[h + 2]
    product(own[BEFORE], n, net.w_ip[h], inter[HAT])
    _dendrite(inter, net.b_ip[h], c.inter_attenuation)
    _mix(inter[HAT], c.inter, above[U], inter)
    if c.merged[h]:
        _difference(above[R], inter[R], inter[SPARE])
        product(inter[SPARE], n_above, net.w_down[h], own[APICAL])
    else:
        product(above[R], n_above, net.w_down[h], own[SPARE])
        product(inter[R], n_above, net.w_pi[h], own[APICAL])
        for b in range(own.shape[1]):
            for j in range(own.shape[2]):
                own[APICAL, b, j] += own[SPARE, b, j]
    for b in range(own.shape[1]):
        for j in range(own.shape[2]):
            own[U, b, j] = own[HAT, b, j] + c.hidden * own[APICAL, b, j]
    rates(own[U], own[R])
    if c.down[h] != 0:
        for b in range(own.shape[1]):
            for j in range(own.shape[2]):
                own[SPARE, b, j] = own[R, b, j] - logistic(own[SPARE, b, j])
        learn_layer(net.w_down[h], net.b_up[h], c.down[h], above[R], n_above, own[SPARE], False)
    if c.pi[h] != 0:
        for b in range(own.shape[1]):
            for j in range(own.shape[2]):
                own[SPARE, b, j] = -own[APICAL, b, j]
        learn_layer(net.w_pi[h], net.b_up[h], c.pi[h], inter[R], n_above, own[SPARE], False)
    if c.ip[h] != 0:
        _difference(inter[R], inter[BEFORE], inter[SPARE])
        learn_layer(net.w_ip[h], net.b_ip[h], c.ip[h], own[R], n, inter[SPARE], c.thresholds)


@njit(**SMOOTH)
def _dendrite(cell, threshold, attenuation):
    """The attenuated dendritic potential v̂ from the products in its place, and the rate φ(v̂) it predicts."""
    for b in range(cell.shape[1]):
        for j in range(cell.shape[2]):
            cell[HAT, b, j] = attenuation * (cell[HAT, b, j] + threshold[j])
    rates(cell[HAT], cell[BEFORE])


@njit(**SMOOTH)
def _mix(hat, mixing, pull, cell):
    """Somata between their prediction and what pulls on them: u = v̂ + λ (pull - v̂), and their rates."""
    for b in range(hat.shape[0]):
        for j in range(hat.shape[1]):
            cell[U, b, j] = hat[b, j] + mixing * (pull[b, j] - hat[b, j])
    rates(cell[U], cell[R])


@njit(**SMOOTH)
def _difference(a, b, out):
    for row in range(a.shape[0]):
        for j in range(a.shape[1]):
            out[row, j] = a[row, j] - b[row, j]
