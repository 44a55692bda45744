"""The fixed point of Eqs. 1-5 for a constant input (and target): the circuit after all transients, in one call."""

from __future__ import annotations

import numpy as np

from dcm.model.state import State, checked_patterns, state_of

MAX_SWEEPS = 1000  # [chosen]


class ConvergenceError(RuntimeError):
    """The fixed-point iteration did not settle."""


def equilibrium(circuit, r_in, u_target=None, *, tol=1e-13, max_sweeps=MAX_SWEEPS) -> State:
    """Bring the circuit to its steady state: du/dt = 0 in Eqs. 1 and 2, without noise.

    One sweep solves each soma in turn, from the input upwards, given the latest potentials of the others. A sweep
    that overshoots is damped: the step is halved after every quarter of ``max_sweeps``.

    Parameters
    ----------
    circuit : Circuit
    r_in : (…, n_0)
        Input rates, one pattern or a batch.
    u_target : (…, n_N) or None
        Target potential of the output; None switches nudging off.
    tol : float
        Largest change of a potential in a sweep, relative to 1 + max |u|, that counts as settled [chosen];
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
    r_in, u_target = checked_patterns(circuit, r_in, u_target)
    u_p, u_i = feedforward(circuit, r_in)
    tol = max(tol, 8 * np.finfo(np.result_type(r_in, circuit.w_up[0])).eps)
    change = np.inf
    for sweep in range(max_sweeps):
        step = 0.5 ** (4 * sweep // max_sweeps)
        change = _sweep(circuit, r_in, u_target, u_p, u_i, step) / step
        if not change > tol:
            break
    if not change <= tol:
        raise ConvergenceError(
            f"no steady state within {max_sweeps} sweeps (last relative change {change:.2g}, wanted {tol:.2g}); "
            "use smaller weights or a smaller apical or somatic conductance, or follow the transient with integrate()"
        )
    return state_of(circuit, r_in, u_p, u_i, u_target)


def feedforward(circuit, r_in) -> tuple[list, list]:
    """(u_p, u_i) with every soma at its dendritic prediction, u_P = v̂_B and u_I = v̂_I (step 1 of Section 5)."""
    phi, attenuation_i = circuit.transfer, circuit.conductances.attenuation_interneuron
    u_p, r = [], r_in
    for a, w, b in zip(circuit.attenuations, circuit.w_up, circuit.b_up, strict=True):
        u_p.append(a * (r @ w.T + b))
        r = phi(u_p[-1])
    u_i = [
        attenuation_i * (phi(u) @ w.T + b)
        for u, w, b in zip(u_p, circuit.w_ip, circuit.b_ip, strict=False)
    ]
    return u_p, u_i


def _sweep(circuit, r_in, u_target, u_p, u_i, step) -> float:
    """One sweep from layer 1 to the output, in place; returns the largest relative change."""
    phi, g = circuit.transfer, circuit.conductances
    top, change, r = len(u_p) - 1, 0.0, r_in
    for k, (w, b) in enumerate(zip(circuit.w_up, circuit.b_up, strict=True)):
        v_basal = r @ w.T + b
        if k < top:
            v_apical = phi(u_p[k + 1]) @ circuit.w_down[k].T + phi(u_i[k]) @ circuit.w_pi[k].T
            goal = (g.basal * v_basal + g.apical * v_apical) / (g.leak + g.basal + g.apical)
        elif u_target is None:
            goal = g.attenuation_output * v_basal
        else:
            goal = (g.basal * v_basal + g.somatic * u_target) / (g.leak + g.basal + g.somatic)
        change = max(change, _move(u_p, k, goal, step))
        if k > 0:  # interneurons of the layer below now know their dendrite and their nudge
            v_inter = r @ circuit.w_ip[k - 1].T + circuit.b_ip[k - 1]
            goal = (g.dendritic * v_inter + g.somatic * u_p[k]) / (g.leak + g.dendritic + g.somatic)
            change = max(change, _move(u_i, k - 1, goal, step))
        r = phi(u_p[k])
    return change


def _move(u, k, goal, step) -> float:
    old, u[k] = u[k], u[k] + step * (goal - u[k])
    return float(np.max(np.abs(u[k] - old), initial=0.0) / (1 + np.max(np.abs(u[k]), initial=0.0)))
