"""The local learning rules, Eqs. 6-10: each uses what its synapse can see, and nothing else."""

import numpy as np

from dcm.model import checks
from dcm.model.state import as_rows, checked_state
from dcm.model.updates import LearningRates, Updates, checked_rates

__all__ = ["LearningRates", "Updates", "checked_rates", "plasticity"]


def plasticity(circuit, state) -> Updates:
    """Eqs. 7-10 on one state; a batch gives the mean over its patterns.

    Eqs. 7 and 8 compare the somatic rate φ(u) with the rate φ(v̂) that the dendrite alone predicts,
    where v̂ is the *attenuated* dendritic potential; Eq. 9 compares the apical potential with rest
    (0), Eq. 10 the somatic rate with that of the top-down potential alone, not attenuated.

    Raises
    ------
    ValueError
        If the state does not fit the circuit, holds no pattern, NaN, or values beyond all bounds.
    """
    state = checked_state(circuit, state)
    if not state.r_in.size:
        raise ValueError("state holds no pattern; give a state of one pattern or more")
    with checks.overflow_reported():
        updates = _induction(circuit, state)
        # these see all that the state holds
        if not checks.all_finite((*updates.up, *updates.ip, *updates.pi)):
            found = "state gives updates that are NaN or infinite"
            raise checks.NotFinite("state", f"{found}; give a state of finite potentials")
    return updates


def _induction(circuit, state) -> Updates:
    phi = circuit.transfer
    attenuation_i = circuit.conductances.attenuation_interneuron
    hidden = range(len(state.u_i))
    layers = range(len(state.u_p))
    r = [state.r_in, *map(phi, state.u_p)]  # r[k] is the rate of layer k, (…, n_k)
    r_i = [phi(u) for u in state.u_i]
    # Eq. 7: φ(u_P) - φ(v̂_B), v̂_B = g_B/(g_lk+g_B+g_A) v_B; at the output without g_A
    up = [r[k + 1] - phi(circuit.attenuations[k] * state.v_basal[k]) for k in layers]
    # Eq. 8: φ(u_I) - φ(v̂_I), v̂_I = g_D/(g_lk+g_D) v_I
    ip = [r_i[h] - phi(attenuation_i * state.v_inter[h]) for h in hidden]
    # Eq. 9: v_rest - v_A, with v_rest = 0
    pi = [-v for v in state.v_apical]
    # Eq. 10: φ(u_P) - φ(v̂_TD), v̂_TD = w_down r_P of the layer above
    down = [r[h + 1] - phi(r[h + 2] @ circuit.w_down[h].T) for h in hidden]
    return Updates(
        up=tuple(_outer(up[k], r[k]) for k in layers),
        ip=tuple(_outer(ip[h], r[h + 1]) for h in hidden),
        pi=tuple(_outer(pi[h], r_i[h]) for h in hidden),
        down=tuple(_outer(down[h], r[h + 2]) for h in hidden),
        b_up=tuple(_mean(bracket) for bracket in up),
        b_ip=tuple(_mean(bracket) for bracket in ip),
    )


def _outer(post, pre) -> np.ndarray:
    """Eq. 6, batch mean of bracket · r_preᵀ: (…, n_post) and (…, n_pre) to (n_post, n_pre)."""
    post = as_rows(post)
    return post.T @ as_rows(pre) / len(post)


def _mean(post) -> np.ndarray:
    post = as_rows(post)
    return np.add.reduce(post) / len(post)
