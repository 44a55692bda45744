"""Two-pass dynamics, the paper's scheme for MNIST (Section 3.4): one sweep up, one sweep down.

The paper writes u = v_B on the way up and u = (1-λ) v_B + λ v_A on the way down; here attenuated
v̂_B stands for v_B [chosen]: an untargeted self-predicting circuit is then exactly at equilibrium.
"""

from dcm.model import checks
from dcm.model.state import State, _apical, checked_patterns
from dcm.settle.equilibrium import ConvergenceError, _feedforward


def two_pass(circuit, r_in, u_target=None) -> State:
    """Approximate the steady state in two passes; exact to first order in the apical conductance.

    Up: every soma at its dendritic prediction. Nudge: the output mixes with the target. Down: from
    the top, each interneuron mixes with the layer above; the soma takes up its apical potential.

    Parameters, returned state and errors as ``equilibrium``; other dendrites stay as on the way up.
    """
    r_in, u_target = checked_patterns(circuit, r_in, u_target)
    with checks.overflow_reported():
        state = _passes(circuit, r_in, u_target)
        if not checks.all_finite((*state.u_p, *state.u_i)):
            remedy = "use smaller weights, r_in or u_target"
            raise ConvergenceError(f"two passes end in infinite potentials; {remedy}")
    return state


def _passes(circuit, r_in, u_target) -> State:
    phi = circuit.transfer
    g = circuit.conductances
    u_p, u_i = _feedforward(circuit, r_in)
    v_basal = tuple(u / a for u, a in zip(u_p, circuit.attenuations, strict=True))
    v_inter = tuple(u / g.attenuation_interneuron for u in u_i)
    v_apical = [None] * len(u_i)
    if u_target is not None:
        # nudge: u_N = v̂_B + λ_out (u* - v̂_B)
        u_p[-1] = u_p[-1] + g.mixing_output * (u_target - u_p[-1])
    for h in reversed(range(len(u_i))):
        # u_I = v̂_I + λ_I (u_P above - v̂_I)
        u_i[h] = u_i[h] + g.mixing_interneuron * (u_p[h + 1] - u_i[h])
        v_apical[h] = _apical(circuit, h, phi(u_p[h + 1]), phi(u_i[h]))
        # u_P = v̂_B + λ_hid v_A
        u_p[h] = u_p[h] + g.mixing_hidden * v_apical[h]
    return State(r_in, tuple(u_p), v_basal, tuple(u_i), tuple(v_apical), v_inter, u_target)
