"""The reference: error backpropagation and feedback alignment in the matching feedforward net (Section 3.1).

Written without the circuit's own machinery, so that it can serve as an oracle: a plain feedforward net
u_k = a_k (W_k φ(u_{k-1}) + b_k), where the factors a_k are the dendritic attenuations at the circuit's conductances.
"""

from __future__ import annotations

import numpy as np

from dcm.model.state import checked_patterns


def backprop(circuit, r_in, u_target) -> tuple[np.ndarray, ...]:
    """Steepest-descent direction of the loss of Section 3 with respect to every up weight.

    The loss is L = Φ(u*) - Φ(u) - φ(u)(u* - u), summed over output neurons, with Φ' = φ and u* the target potential;
    its gradient gives the output error φ'(u)(u* - u). Errors travel down through w_upᵀ.

    Parameters
    ----------
    circuit : Circuit
        Only its transfer, conductances, w_up and b_up are read.
    r_in : (…, n_0)
        Input rates.
    u_target : (…, n_N)
        Target potentials.

    Returns
    -------
    tuple of (n_{k+1}, n_k)
        -dL/dw_up[k], averaged over the batch.
    """
    return descent(circuit, r_in, u_target, [w.T for w in circuit.w_up[1:]])[0]


def feedback_alignment(circuit, r_in, u_target) -> tuple[np.ndarray, ...]:
    """As ``backprop``, but the errors travel down through ``w_down`` in place of w_upᵀ."""
    return descent(circuit, r_in, u_target, circuit.w_down)[0]


def descent(circuit, r_in, u_target, feedback) -> tuple[tuple, tuple]:
    """(directions of w_up, directions of b_up) with errors sent down through ``feedback``, layer 1 first."""
    if u_target is None:
        raise ValueError(
            "u_target is None; give target potentials, for example transfer.inverse(rates)"
        )
    r_in, u_target = checked_patterns(circuit, r_in, u_target)
    u, rates, factors = _forward(circuit, np.atleast_2d(r_in))
    slope = circuit.transfer.derivative
    delta = slope(u[-1]) * (np.atleast_2d(u_target) - u[-1])
    weights, thresholds = [], []
    for k in reversed(range(len(u))):
        weights.append(factors[k] * delta.T @ rates[k] / len(delta))
        thresholds.append(factors[k] * delta.mean(axis=0))
        if k > 0:
            delta = slope(u[k - 1]) * (factors[k] * delta @ np.asarray(feedback[k - 1]).T)
    return tuple(reversed(weights)), tuple(reversed(thresholds))


def _forward(circuit, r_in):
    g, depth = circuit.conductances, len(circuit.w_up)
    factors = [
        g.basal / (g.leak + g.basal + (g.apical if k < depth - 1 else 0.0)) for k in range(depth)
    ]
    u, rates = [], [r_in]
    for a, w, b in zip(factors, circuit.w_up, circuit.b_up, strict=True):
        u.append(a * (rates[-1] @ w.T + b))
        rates.append(circuit.transfer(u[-1]))
    return u, rates, factors
