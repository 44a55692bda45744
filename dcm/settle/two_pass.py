"""Two-pass dynamics (Section 5 of our specification, the paper's MNIST scheme): one sweep up, one sweep down.

Departure from the paper's notation: both passes use the attenuated potentials v̂, so that an untargeted
self-predicting circuit is exactly at equilibrium and a silent apical dendrite means no change [chosen].
"""

from __future__ import annotations

from dcm.model.state import State, checked_patterns
from dcm.settle.equilibrium import feedforward


def two_pass(circuit, r_in, u_target=None) -> State:
    """Approximate the steady state in two passes; exact to first order in the apical conductance.

    Up: every soma at its dendritic prediction. Nudge: the output mixes with the target. Down: from the top, each
    interneuron mixes with the layer above, the apical potential follows (Eq. 4), and the soma below takes it up.

    Parameters and returns as ``equilibrium``; basal and interneuron dendrites keep their values of the upward pass.
    """
    r_in, u_target = checked_patterns(circuit, r_in, u_target)
    phi, g = circuit.transfer, circuit.conductances
    u_p, u_i = feedforward(circuit, r_in)
    v_basal = tuple(u / a for u, a in zip(u_p, circuit.attenuations, strict=True))
    v_inter = tuple(u / g.attenuation_interneuron for u in u_i)
    v_apical = [None] * len(u_i)
    if u_target is not None:
        u_p[-1] = u_p[-1] + g.mixing_output * (u_target - u_p[-1])
    for h in reversed(range(len(u_i))):
        u_i[h] = u_i[h] + g.mixing_interneuron * (u_p[h + 1] - u_i[h])
        v_apical[h] = phi(u_p[h + 1]) @ circuit.w_down[h].T + phi(u_i[h]) @ circuit.w_pi[h].T
        u_p[h] = u_p[h] + g.mixing_hidden * v_apical[h]
    return State(r_in, tuple(u_p), v_basal, tuple(u_i), tuple(v_apical), v_inter, u_target)
