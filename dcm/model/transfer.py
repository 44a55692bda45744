"""Somatic transfer functions φ: potential u (dimensionless) to rate r = φ(u), used in Eqs. 3-10."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import expit, logit

from dcm.model import checks


@dataclass(frozen=True)
class Logistic:
    """φ(u) = 1 / (1 + exp(-u)), the paper's choice for MNIST; rates lie in (0, 1).

    For the 30-20-10 experiments it is [SM*]: not in the main text, believed to be the supplement's.
    """

    range: ClassVar[tuple[float, float]] = (0.0, 1.0)

    def __call__(self, u: np.ndarray) -> np.ndarray:
        """Rates of potentials ``u``, any shape; float32 in gives float32 out, NaN stays NaN."""
        return expit(checks.array("u", u))

    def derivative(self, u: np.ndarray) -> np.ndarray:
        """φ'(u), same shape as ``u``; largest (1/4) at u = 0."""
        u = checks.array("u", u)
        return expit(u) * expit(-u)

    def inverse(self, r: np.ndarray) -> np.ndarray:
        """The potential whose rate is ``r``; raises ``ValueError`` unless 0 < r < 1."""
        return logit(_within(r, self))


@dataclass(frozen=True)
class SoftRectifier:
    """φ(u) = γ log(1 + exp(β (u - θ))), the paper's choice for Fig. 2; rates lie in (0, ∞).

    Parameters
    ----------
    gamma : float
        Scale of the rate, > 0; larger = higher rates. Paper: .1.
    beta : float
        Sharpness of the knee, > 0; larger = closer to a threshold-linear neuron. Paper: 1.
    theta : float
        Potential of the knee; larger = a neuron that is harder to drive. Paper: 3.
    """

    gamma: float = 0.1
    beta: float = 1.0
    theta: float = 3.0
    range: ClassVar[tuple[float, float]] = (0.0, np.inf)

    def __post_init__(self):
        object.__setattr__(self, "gamma", checks.positive("gamma", self.gamma))
        object.__setattr__(self, "beta", checks.positive("beta", self.beta))
        object.__setattr__(self, "theta", checks.number("theta", self.theta))

    def __call__(self, u: np.ndarray) -> np.ndarray:
        """Rates of potentials ``u``, any shape; float32 in gives float32 out, NaN stays NaN."""
        x = self.beta * (checks.array("u", u) - self.theta)
        return self.gamma * (np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))

    def derivative(self, u: np.ndarray) -> np.ndarray:
        """φ'(u), same shape as ``u``; tends to γβ for large u."""
        return self.gamma * self.beta * expit(self.beta * (checks.array("u", u) - self.theta))

    def inverse(self, r: np.ndarray) -> np.ndarray:
        """The potential whose rate is ``r``; raises ``ValueError`` unless r > 0."""
        rates = _within(r, self)
        with np.errstate(over="ignore", divide="ignore"):  # beyond what floats hold: ± infinity
            x = rates / self.gamma
            return self.theta + (x + np.log(-np.expm1(-x))) / self.beta


def check_transfer(transfer) -> None:
    """``ValueError`` unless it can stand for φ: an instance, with derivative and inverse."""
    methods = (getattr(transfer, name, None) for name in ("__call__", "derivative", "inverse"))
    if isinstance(transfer, type) or not all(map(callable, methods)):
        remedy = "give Logistic(), SoftRectifier(), or an object φ(u) with derivative and inverse"
        raise ValueError(f"transfer is {checks.shown(transfer)}; {remedy}")
    if type(transfer) not in (Logistic, SoftRectifier):
        _try(transfer, "__call__")
        _try(transfer, "derivative")


def _try(transfer, method: str) -> None:
    """``ValueError`` unless a method of φ gives an array of floats for an array of floats."""
    u = np.full((2, 3), 0.5)
    with checks.overflow_reported():
        given = getattr(transfer, method)(u)
    if not checks.is_float_array(given) or given.shape != u.shape:
        found = f"transfer is {checks.shown(transfer)}, whose {method} gives {checks.shown(given)}"
        raise ValueError(f"{found} for an array (2, 3); return floats, one per entry")


def _within(r, transfer) -> np.ndarray:
    """Rates as an array, or ``ValueError`` naming one outside the range of ``transfer``."""
    low, high = transfer.range
    rates = checks.array("r", r)
    inside = (rates > low) & (rates < high)
    if not inside.all():
        worst = rates[~inside].flat[0]
        known = f"a {type(transfer).__name__} neuron fires strictly between {low:g} and {high:g}"
        raise ValueError(f"rate is {worst:g}; {known}: rescale the rates")
    return rates
