"""The fixed point of Eqs. 1-5 for a constant input and target: after all transients."""

import math

import numpy as np

from dcm.model import checks, state
from dcm.model.circuit import checked_circuit

TOLERANCE = 1e-13  # relative change of a potential per sweep that counts as settled [chosen]
MAX_SWEEPS = 1000  # [chosen]


class ConvergenceError(RuntimeError):
    """The fixed-point iteration did not settle."""


def equilibrium(circuit, r_in, u_target=None, *, tol=TOLERANCE, max_sweeps=MAX_SWEEPS):
    """Bring the circuit to its steady state: du/dt = 0 in Eqs. 1 and 2, without noise.

    One sweep solves each soma in turn, from the input upwards, given the latest potentials of the
    others. Against overshoot, the step is halved after every quarter of ``max_sweeps``.

    Parameters
    ----------
    circuit : Circuit
    r_in, u_target : (…, n_0) and (…, n_N) or None
        Input rates and target potentials of one pattern or a batch; None switches nudging off.
    tol : float
        Largest change of a potential per sweep, relative to 1 + max |u|, that counts as settled;
        larger = faster and less exact. Single-precision circuits settle at their own resolution.
    max_sweeps : int
        Give up after so many.

    Returns
    -------
    State
        With dendritic potentials that belong to the final somata.

    Raises
    ------
    ValueError
        If input or target do not fit the circuit.
    ConvergenceError
        If the circuit has no fixed point that the iteration finds; its loops are then too strong.
    """
    r_in, u_target = state.checked_patterns(circuit, r_in, u_target)
    resolution = np.finfo(np.result_type(r_in, circuit.w_up[0])).eps
    tol = max(checks.non_negative("tol", tol), 8 * resolution)
    checks.count("max_sweeps", max_sweeps)
    change = np.inf
    with checks.overflow_reported():
        u_p, u_i = _feedforward(circuit, r_in)
        for sweep in range(max_sweeps):
            step = 0.5 ** (4 * sweep // max_sweeps)
            change = _sweep(circuit, r_in, u_target, u_p, u_i, step) / step
            if not tol < change < np.inf:
                break
        if not change <= tol:
            raise ConvergenceError(
                f"no steady state within {max_sweeps} sweeps "
                f"(last relative change {change:.2g}, wanted {tol:.2g}); "
                "use smaller weights, r_in or u_target, a smaller apical or somatic conductance, "
                "or follow the transient with integrate()"
            )
        return state._state_of(circuit, r_in, u_p, u_i, u_target)


def feedforward(circuit, r_in) -> tuple[list, list]:
    """(u_p, u_i) with every soma at its dendritic prediction: u_P = v̂_B and u_I = v̂_I."""
    r_in = checks.rows("r_in", r_in, checked_circuit(circuit).sizes[0])
    with checks.overflow_reported():
        return _feedforward(circuit, r_in)


def _feedforward(circuit, r_in) -> tuple[list, list]:
    phi = circuit.transfer
    attenuation_i = circuit.conductances.attenuation_interneuron
    u_p = []
    u_i = []
    r = r_in
    for k, attenuation in enumerate(circuit.attenuations):
        u_p.append(attenuation * state._basal(circuit, k, r))
        r = phi(u_p[k])
        if k < len(circuit.w_ip):
            u_i.append(attenuation_i * state._interneuron(circuit, k, r))
    return u_p, u_i


def _sweep(circuit, r_in, u_target, u_p, u_i, step) -> float:
    """One sweep from layer 1 to the output, in place; returns the largest relative change."""
    phi = circuit.transfer
    g = circuit.conductances
    top = len(u_p) - 1
    change = 0.0
    r = r_in
    for k in range(top + 1):
        v_basal = state._basal(circuit, k, r)
        if k < top:
            v_apical = state._apical(circuit, k, phi(u_p[k + 1]), phi(u_i[k]))
            # Eq. 1 at rest, hidden layer
            goal = (g.basal * v_basal + g.apical * v_apical) / (g.leak + g.basal + g.apical)
        elif u_target is None:
            # Eq. 1 at rest, output without a target
            goal = g.attenuation_output * v_basal
        else:
            # Eq. 1 at rest, output with a target
            goal = (g.basal * v_basal + g.somatic * u_target) / (g.leak + g.basal + g.somatic)
        change = max(change, _approach(u_p, k, goal, step))
        if k > 0:  # interneurons of the layer below now know their dendrite and their nudge
            v_inter = state._interneuron(circuit, k - 1, r)
            # Eq. 2 at rest
            goal = (g.dendritic * v_inter + g.somatic * u_p[k]) / (g.leak + g.dendritic + g.somatic)
            change = max(change, _approach(u_i, k - 1, goal, step))
        r = phi(u_p[k])
    return change


def _approach(u, k, goal, step) -> float:
    """Go a share ``step`` of the way from u[k] to ``goal``; the relative change, or infinity."""
    old = u[k]
    u[k] = old + step * (goal - old)
    largest = np.max(np.abs(u[k] - old), initial=0.0)
    change = float(largest / (1 + np.max(np.abs(u[k]), initial=0.0)))
    return np.inf if math.isnan(change) else change  # NaN would be lost among the others
