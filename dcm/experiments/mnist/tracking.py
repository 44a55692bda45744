"""Do the interneurons track the layer above? The largest safe rate; measures during training."""

import numpy as np

from dcm.experiments.measures import angle, relative_distance
from dcm.settle.two_pass import two_pass


def largest_correction(circuit, r_in, rates, sweeps: int = 10) -> tuple[float, ...]:
    """Share of the interneurons' mismatch that one averaged update of w_ip takes away, at most.

    Linearised, an update changes interneuron j's mismatch m (one number per pattern) to
    (1 - L_j) m, with L_j = η_ip λ_I a_I times the mean over patterns of φ'(v̂_j) r rᵀ (+1 where
    thresholds learn); a_I is the attenuation of interneurons' dendrites. Its largest eigenvalue
    belongs nearly to the mean rates: all patterns share them, so averaging over a mini-batch does
    not soften it. Up to 1 the mismatch falls steadily, up to 2 it changes sign and still falls,
    beyond 2 it grows, and with it the apical potentials of a circuit that was self-predicting.

    ``r_in`` (n, n_0) are typical input rates; more ``sweeps`` of the power iteration change nothing
    beyond the third digit on MNIST. Returns the largest of each hidden layer, layer 1 first.
    """
    g = circuit.conductances
    state = two_pass(circuit, np.atleast_2d(r_in))
    largest = []
    for h, eta in enumerate(rates.per_layer("ip", len(circuit.w_ip))):
        r = circuit.transfer(state.u_p[h]).astype(float)  # (n, n_pre)
        if rates.thresholds:
            r = np.hstack([r, np.ones((len(r), 1))])
        v_hat = g.attenuation_interneuron * state.v_inter[h]  # v̂_I of Eq. 8, (n, n_inter)
        slope = circuit.transfer.derivative(v_hat).astype(float)
        modes = np.tile(r.mean(axis=0)[:, None], slope.shape[1])  # one column per interneuron
        for _ in range(sweeps):
            modes = r.T @ (slope * (r @ modes)) / len(r)
            size = np.linalg.norm(modes, axis=0)
            modes /= np.where(size > 0, size, 1.0)  # saturated interneurons take no step
        # η_ip λ_I a_I times the largest eigenvalue
        largest.append(float(eta * g.mixing_interneuron * g.attenuation_interneuron * size.max()))
    return tuple(largest)


def hidden_layer_measures(circuit, r_in, u_target) -> dict[str, list[float]]:
    """How silent the apical dendrites are for ``r_in`` (n, n_0), and how the weights match.

    ``u_target`` (n, n_N) nudges the state that silence is compared with.

    Each measure has one number per hidden layer; norms are means over patterns.
    ``silence``: un-nudged ‖v_A‖ over the top-down drive ‖w_down φ(u)‖.
    ``silence_nudged``: un-nudged ‖v_A‖ over nudged ‖v_A‖.
    ``alignment``: the angle between w_upᵀ of the layer above and w_down, degrees.
    ``mirror``: ‖w_pi + w_down‖ / ‖w_down‖ (0: self-predicting).
    """
    free = two_pass(circuit, r_in)
    nudged = two_pass(circuit, r_in, u_target)
    measures = {"silence": [], "silence_nudged": [], "alignment": [], "mirror": []}
    for h, w_down in enumerate(circuit.w_down):
        drive = _mean_norm(circuit.transfer(free.u_p[h + 1]) @ w_down.T)  # first term of Eq. 4
        v_free = _mean_norm(free.v_apical[h])
        measures["silence"].append(v_free / drive)
        measures["silence_nudged"].append(v_free / max(_mean_norm(nudged.v_apical[h]), 1e-12))
        measures["alignment"].append(angle(circuit.w_up[h + 1].T, w_down))
        measures["mirror"].append(relative_distance([circuit.w_pi[h]], [-w_down]))
    return measures


def _mean_norm(x: np.ndarray) -> float:
    """Euclidean norm over the neurons of (n, n_neurons), averaged over patterns."""
    return float(np.mean(np.linalg.norm(x, axis=1)))
