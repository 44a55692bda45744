"""The local learning rules, Eqs. 6-10: each uses what its synapse can see, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dcm.model import checks

KINDS = ("up", "ip", "pi", "down")  # of learning rates: Eqs. 7, 8, 9 and 10


@dataclass(frozen=True)
class Updates:
    """Induction terms, one array per weight array and of its shape, averaged over the batch.

    Brackets of Eqs. 7, 8, 9 and 10 times the presynaptic rate, which is 1 for the thresholds
    ``b_up`` and ``b_ip`` (Eqs. 7 and 8). Learning rates are not in them.
    """

    up: tuple
    ip: tuple
    pi: tuple
    down: tuple
    b_up: tuple
    b_ip: tuple


@dataclass(frozen=True)
class LearningRates:
    """Learning rates η per ms: one number for all layers, or one per layer in layer order.

    Parameters
    ----------
    up, ip, pi, down : float or sequence of float
        η of Eqs. 7-10; 0 freezes. Larger = faster, but interneurons must keep up (ip >= up).
    thresholds : bool
        Whether b_up and b_ip learn too, at the rates of ``up`` and ``ip``.

    Raises
    ------
    ValueError
        If a rate is negative or not finite.
    """

    up: float | tuple = 0.0
    ip: float | tuple = 0.0
    pi: float | tuple = 0.0
    down: float | tuple = 0.0
    thresholds: bool = False

    def __post_init__(self):
        for kind in KINDS:
            for eta in self._list(kind):
                checks.non_negative(f"learning rate {kind}", eta)

    def per_layer(self, kind: str, n_layers: int) -> tuple[float, ...]:
        """The rates of ``kind``, one per weight array; ``ValueError`` if their number differs."""
        eta = self._list(kind)
        if len(eta) not in (1, n_layers):
            remedy = f"give 1 or {n_layers}, one per layer"
            raise ValueError(f"learning rate {kind} has {len(eta)} values; {remedy}")
        return tuple(eta * n_layers if len(eta) == 1 else eta)

    def scaled(self, factor: float) -> LearningRates:
        """All rates times ``factor``, for example the milliseconds a pattern is shown."""
        rates = {kind: tuple(factor * eta for eta in self._list(kind)) for kind in KINDS}
        return LearningRates(**rates, thresholds=self.thresholds)

    def _list(self, kind: str) -> list[float]:
        return np.atleast_1d(getattr(self, kind)).tolist()


def checked_rates(rates) -> LearningRates:
    """``rates``, or ``ValueError`` unless they are ``LearningRates``."""
    if not isinstance(rates, LearningRates):
        remedy = "give LearningRates, as LearningRates(up=0.001, ip=0.001)"
        raise ValueError(f"rates is {rates!r}; {remedy}")
    return rates


def plasticity(circuit, state) -> Updates:
    """Eqs. 7-10 on one state; a batch gives the mean over its patterns.

    Eqs. 7 and 8 compare the somatic rate φ(u) with the rate φ(v̂) that the dendrite alone predicts,
    where v̂ is the *attenuated* dendritic potential; Eq. 9 compares the apical potential with rest
    (0), Eq. 10 the somatic rate with that of the top-down potential alone, not attenuated.
    """
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
    post = np.atleast_2d(post)
    return post.T @ np.atleast_2d(pre) / len(post)


def _mean(post) -> np.ndarray:
    return np.atleast_2d(post).mean(axis=0)
