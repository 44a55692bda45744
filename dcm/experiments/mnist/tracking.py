"""Can the interneurons track the layer above? The largest step that Eq. 8 may take, known before any training."""

from __future__ import annotations

import numpy as np

from dcm.settle.two_pass import two_pass


def largest_correction(circuit, r_in, rates, sweeps: int = 10) -> tuple[float, ...]:
    """Share of the interneurons' mismatch that one averaged update of w_ip takes away, where it takes most.

    Linearised, an update changes interneuron j's mismatch m (one number a pattern) to (1 - L_j) m, with
    L_j = η_ip λ_I a_I times the mean over patterns of φ'(v̂_j) r rᵀ (+1 where thresholds learn); a_I is the
    attenuation of interneurons' dendrites. Its largest eigenvalue belongs nearly to the mean rates: all patterns share
    them, so averaging over a mini-batch does not soften it. Up to 1 the mismatch falls steadily, up to 2 it changes
    sign and still falls, beyond 2 it grows, and with it the apical potentials of a circuit that was self-predicting.
    Learning changes rates and slopes, and so this number.

    Parameters
    ----------
    circuit : Circuit
    r_in : (n, n_0)
        Typical input rates.
    rates : LearningRates
        Per presentation; only ``ip`` and ``thresholds`` are read.
    sweeps : int
        Power iterations, from the mean rates; more change nothing beyond the third digit on MNIST.

    Returns
    -------
    tuple of float
        The largest over the interneurons of each hidden layer, layer 1 first.
    """
    state, g = two_pass(circuit, np.atleast_2d(r_in)), circuit.conductances
    etas, found = rates.per_layer("ip", len(circuit.w_ip)), []
    for eta, u_p, v_inter in zip(etas, state.u_p[:-1], state.v_inter, strict=True):
        r = circuit.transfer(u_p).astype(float)
        r = np.hstack([r, np.ones((len(r), 1))]) if rates.thresholds else r
        slope = circuit.transfer.derivative(g.attenuation_interneuron * v_inter).astype(float)
        modes = np.tile(r.mean(axis=0)[:, None], slope.shape[1])  # one column an interneuron
        for _ in range(sweeps):
            modes = r.T @ (slope * (r @ modes)) / len(r)
            size = np.linalg.norm(modes, axis=0)
            modes /= np.where(
                size > 0, size, 1.0
            )  # saturated interneurons have no slope and take no step
        found.append(float(eta * g.mixing_interneuron * g.attenuation_interneuron * size.max()))
    return tuple(found)
