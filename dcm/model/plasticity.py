"""The local learning rules, Eqs. 7-10, on a given state: what each synapse can see, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dcm.model import checks


@dataclass(frozen=True)
class Updates:
    """Induction terms, one array a weight array and of its shape, averaged over the batch; no learning rate.

    ``up``, ``ip``, ``pi`` and ``down`` are the brackets of Eqs. 7, 8, 9 and 10 times the presynaptic rate;
    ``b_up`` and ``b_ip`` are those of Eqs. 7 and 8 for a presynaptic rate of 1 (thresholds).
    """

    up: tuple
    ip: tuple
    pi: tuple
    down: tuple
    b_up: tuple
    b_ip: tuple


@dataclass(frozen=True)
class LearningRates:
    """Learning rates η per ms: a number for all layers, or a sequence with one a layer in layer order.

    Parameters
    ----------
    up, ip, pi, down : float or sequence of float
        η of Eqs. 7, 8, 9 and 10; 0 freezes. Larger = faster, until interneurons can no longer track
        the layer above (keep ``ip`` at least as large as ``up``).
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
        for kind in ("up", "ip", "pi", "down"):
            for eta in np.atleast_1d(getattr(self, kind)).tolist():
                checks.non_negative(f"learning rate {kind}", eta)

    def per_layer(self, kind: str, n_layers: int) -> tuple[float, ...]:
        """The rates of ``kind`` for each of ``n_layers`` weight arrays; ``ValueError`` if the number differs."""
        eta = np.atleast_1d(getattr(self, kind)).tolist()
        if len(eta) not in (1, n_layers):
            raise ValueError(
                f"learning rate {kind} has {len(eta)} values; give 1 or {n_layers}, one a layer"
            )
        return tuple(eta * n_layers if len(eta) == 1 else eta)

    def scaled(self, factor: float) -> LearningRates:
        """All rates times ``factor``, for example the milliseconds a pattern is shown."""
        kinds = ("up", "ip", "pi", "down")
        scaled = {
            kind: tuple(factor * e for e in np.atleast_1d(getattr(self, kind)).tolist())
            for kind in kinds
        }
        return LearningRates(**scaled, thresholds=self.thresholds)


def checked_rates(rates) -> LearningRates:
    """``rates``, or ``ValueError`` unless they are ``LearningRates``."""
    if not isinstance(rates, LearningRates):
        raise ValueError(
            f"rates is {rates!r}; give LearningRates, as LearningRates(up=0.001, ip=0.001)"
        )
    return rates


def plasticity(circuit, state) -> Updates:
    """Eqs. 7-10 on one state; a batch gives the mean over its patterns.

    Every bracket compares the somatic rate φ(u) with the rate φ(v̂) that the dendrite alone predicts, where v̂ is
    the *attenuated* dendritic potential; Eq. 9 compares the apical potential with rest (0).
    """
    phi, g = circuit.transfer, circuit.conductances
    r = [state.r_in, *map(phi, state.u_p)]
    up = [
        r[k + 1] - phi(a * v)
        for k, (a, v) in enumerate(zip(circuit.attenuations, state.v_basal, strict=True))
    ]
    r_i = [phi(u) for u in state.u_i]
    ip = [ri - phi(g.attenuation_interneuron * v) for ri, v in zip(r_i, state.v_inter, strict=True)]
    down = [r[h + 1] - phi(r[h + 2] @ w.T) for h, w in enumerate(circuit.w_down)]
    return Updates(
        up=tuple(_outer(post, r[k]) for k, post in enumerate(up)),
        ip=tuple(_outer(post, r[h + 1]) for h, post in enumerate(ip)),
        pi=tuple(_outer(-v, r_i[h]) for h, v in enumerate(state.v_apical)),
        down=tuple(_outer(post, r[h + 2]) for h, post in enumerate(down)),
        b_up=tuple(_mean(post) for post in up),
        b_ip=tuple(_mean(post) for post in ip),
    )


def _outer(post, pre):
    """Batch mean of post · preᵀ: (…, n_post) and (…, n_pre) to (n_post, n_pre)."""
    post, pre = np.atleast_2d(post), np.atleast_2d(pre)
    return post.T @ pre / len(post)


def _mean(post):
    return np.atleast_2d(post).mean(axis=0)
