"""Backprop and feedback alignment in the matching feedforward net (Section 3.1): the reference.

An oracle, written without the circuit's own machinery: a plain feedforward net
u_k = a_k (W_k φ(u_{k-1}) + b_k), where the factors a_k are the dendritic attenuations.
"""

import numpy as np

from dcm.model import checks
from dcm.model.circuit import checked_circuit
from dcm.model.state import as_rows, fitting_patterns


def backprop(circuit, r_in, u_target) -> tuple[np.ndarray, ...]:
    """Steepest-descent direction of the loss of Section 3.1 with respect to every up weight.

    The loss Σ Φ(u*) - Φ(u) - φ(u)(u* - u), with Φ' = φ and u* the target potential, gives the
    output error φ'(u)(u* - u) [derived]. Errors travel down through w_upᵀ.

    Parameters
    ----------
    circuit : Circuit
        Only its transfer, conductances, w_up and b_up are read.
    r_in, u_target : (…, n_0) and (…, n_N)
        Input rates and target potentials.

    Returns
    -------
    tuple of (n_{k+1}, n_k)
        -dL/dw_up[k], averaged over the batch.

    Raises
    ------
    ValueError
        If there is no target or no pattern, if input or target do not fit the circuit, or if what
        follows from them does not fit its precision.
    """
    checked_circuit(circuit)
    return descent(circuit, r_in, u_target, [w.T for w in circuit.w_up[1:]])[0]


def feedback_alignment(circuit, r_in, u_target) -> tuple[np.ndarray, ...]:
    """As ``backprop``, but the errors travel down through ``w_down`` in place of w_upᵀ."""
    checked_circuit(circuit)
    return descent(circuit, r_in, u_target, circuit.w_down)[0]


def descent(circuit, r_in, u_target, feedback) -> tuple[tuple, tuple]:
    """Directions of w_up and of b_up, with errors sent down through ``feedback``, layer 1 first."""
    if u_target is None:
        remedy = "give target potentials, for example transfer.inverse(rates)"
        raise ValueError(f"u_target is None; {remedy}")
    r_in, u_target = fitting_patterns(circuit.sizes, r_in, u_target)
    if not r_in.size:
        raise ValueError(f"r_in has shape {r_in.shape}, no pattern; give one or more")
    r_in = as_rows(r_in)
    u_target = as_rows(u_target)  # one per pattern, or one for all
    with checks.overflow_reported():
        weights, thresholds = _descent(circuit, r_in, u_target, feedback)
        if not checks.all_finite(weights):
            remedy = "give smaller rates, targets or weights"
            raise checks.NotFinite("r_in", f"r_in and u_target give infinite steps; {remedy}")
    return weights, thresholds


def _descent(circuit, r_in, u_target, feedback) -> tuple[tuple, tuple]:
    g = circuit.conductances
    u = []  # potentials of layers 1…N
    rates = [r_in]  # of layers 0…N
    factors = []  # attenuation of each layer
    for k, (w, b) in enumerate(zip(circuit.w_up, circuit.b_up, strict=True)):
        apical = g.apical if k < len(circuit.w_up) - 1 else 0.0  # the output has no apical dendrite
        factors.append(g.basal / (g.leak + g.basal + apical))
        u.append(factors[k] * (rates[k] @ w.T + b))
        rates.append(circuit.transfer(u[k]))
    slope = circuit.transfer.derivative
    # δ_N = φ'(u_N) (u* - u_N), (n_patterns, n_N)
    delta = slope(u[-1]) * (u_target - u[-1])
    weights = []
    thresholds = []
    for k in reversed(range(len(u))):
        weights.append(factors[k] * delta.T @ rates[k] / len(delta))
        thresholds.append(factors[k] * delta.mean(axis=0))
        if k > 0:
            # δ_k = φ'(u_k) B_k a_{k+1} δ_{k+1}, with B_k the feedback matrix
            delta = slope(u[k - 1]) * (factors[k] * delta @ np.asarray(feedback[k - 1]).T)
    return tuple(reversed(weights)), tuple(reversed(thresholds))
