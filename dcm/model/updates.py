"""What the rules give, and how fast the weights follow: updates and learning rates."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np

from dcm.model import checks

KINDS = ("up", "ip", "pi", "down")  # of learning rates: Eqs. 7, 8, 9 and 10


@dataclass(frozen=True, eq=False)
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

    def __eq__(self, other):
        return checks.same(self, other)


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
        If a rate is negative, beyond 1e100 or not finite.
    """

    up: float | tuple = 0.0
    ip: float | tuple = 0.0
    pi: float | tuple = 0.0
    down: float | tuple = 0.0
    thresholds: bool = False

    def __post_init__(self):
        for kind in KINDS:
            name = f"learning rate {kind}"
            given = getattr(self, kind)
            if isinstance(given, Real):
                etas = checks.non_negative(name, given)
            else:
                values = np.atleast_1d(checks.array(name, given)).tolist()
                etas = tuple(checks.non_negative(name, eta) for eta in values)
                if not etas:
                    raise ValueError(f"{name} is empty; give one number, or one per layer")
            object.__setattr__(self, kind, etas)
        if not isinstance(self.thresholds, bool | np.bool_):
            found = f"thresholds is {checks.shown(self.thresholds)}"
            raise ValueError(f"{found}; give True or False")
        object.__setattr__(self, "thresholds", bool(self.thresholds))

    def per_layer(self, kind: str, n_layers: int) -> tuple[float, ...]:
        """The rates of ``kind``, one per weight array; ``ValueError`` if their number differs."""
        if kind not in KINDS:
            raise ValueError(f"kind is {checks.shown(kind)}; choose from {', '.join(KINDS)}")
        checks.count("n_layers", n_layers, 1000)
        eta = self._tuple(kind)
        if len(eta) not in (1, n_layers):
            remedy = f"give 1 or {n_layers}, one per layer"
            raise ValueError(f"learning rate {kind} has {len(eta)} values; {remedy}")
        return eta * n_layers if len(eta) == 1 else eta

    def scaled(self, factor: float) -> LearningRates:
        """All rates times ``factor``, for example the milliseconds a pattern is shown."""
        factor = checks.non_negative("factor", factor)
        rates = {kind: tuple(factor * eta for eta in self._tuple(kind)) for kind in KINDS}
        return LearningRates(**rates, thresholds=self.thresholds)

    def _tuple(self, kind: str) -> tuple[float, ...]:
        eta = getattr(self, kind)
        return eta if isinstance(eta, tuple) else (eta,)


def checked_rates(rates) -> LearningRates:
    """``rates``, or ``ValueError`` unless they are ``LearningRates``."""
    example = "LearningRates, as LearningRates(up=0.001, ip=0.001)"
    return checks.instance("rates", rates, LearningRates, example)
