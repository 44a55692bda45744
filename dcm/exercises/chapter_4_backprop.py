"""Exercises 4.1-4.3: mixing factors, and the delta rule and backpropagated error that follow."""

from __future__ import annotations

import numpy as np

from dcm.exercises.checker.exercise import Exercise, random_conductances
from dcm.model.conductances import Conductances
from dcm.model.transfer import Logistic, SoftRectifier


def mixing(g):
    """(λ_hid, λ_out, λ_I): the shares of apical dendrite, target and layer above in their soma."""
    hidden = g.apical / (g.leak + g.basal + g.apical)  # Eq. 1
    output = g.somatic / (g.leak + g.basal + g.somatic)  # Eq. 1, without an apical dendrite
    interneuron = g.somatic / (g.leak + g.dendritic + g.somatic)  # Eq. 2
    return hidden, output, interneuron


def _mixing_cases(rng):
    return {
        "random conductances": (random_conductances(rng),),
        "others": (random_conductances(rng),),
        "defaults": (Conductances(),),
        "no apical conductance": (random_conductances(rng, apical=0.0),),
    }


def _mixing_mistakes(g):
    hidden, output, interneuron = mixing(g)
    no_leak = mixing(Conductances(0.0, g.basal, g.apical, g.dendritic, g.somatic))
    complements = (1 - hidden, 1 - output, 1 - interneuron)
    apical_output = g.somatic / (g.leak + g.basal + g.apical + g.somatic)
    return {
        "The leak is forgotten in the denominators.": no_leak,
        "λ_hid and λ_out are right. An interneuron's own dendrite couples with g_D, not g_B.": (
            hidden,
            output,
            output,
        ),
        "These are 1 - λ, the share of all the rest.": complements,
        "λ_out holds g_A, but output cells have no apical compartment.": (
            hidden,
            apical_output,
            interneuron,
        ),
    }


MIXING = Exercise(
    "4.1",
    "Three mixing factors",
    minutes=5,
    difficulty=1,
    solution=mixing,
    cases=_mixing_cases,
    mistakes=_mixing_mistakes,
    hints=(
        "Steady state of Eqs. 1 and 2: a mean weighted by conductances. Take the weight of what "
        "teaches.",
        "λ = (conductance that teaches) / (sum of all conductances of that soma)",
    ),
)


def output_update(v_hat, u_target, r_pre, lam, phi):
    """Eq. 7 at the output to first order in λ: λ times the delta rule, (n_out, n_pre)."""
    shift = lam * (u_target - v_hat)  # of the nudged soma, u - v̂
    return np.outer(phi.derivative(v_hat) * shift, r_pre)  # Eq. 7: φ(u) - φ(v̂) ≈ φ'(v̂) (u - v̂)


def _output_cases(rng):
    def draw(n, m, lam, phi):
        return *rng.uniform(-2, 2, (2, n)), rng.uniform(0, 1, m), lam, phi

    v_hat, _, r_pre, lam, phi = draw(3, 4, 0.1, Logistic())
    return {
        "logistic φ": draw(3, 4, 0.1, Logistic()),
        "soft rectifier": draw(2, 5, 0.01, SoftRectifier(0.6, 1.0, 0.4)),
        "target met": (v_hat, v_hat, r_pre, lam, phi),
    }


def _output_mistakes(v_hat, u_target, r_pre, lam, phi):
    right = output_update(v_hat, u_target, r_pre, lam, phi)
    no_slope = lam * np.outer(u_target - v_hat, r_pre)
    no_lambda = output_update(v_hat, u_target, r_pre, 1.0, phi)
    exact = np.outer(phi(v_hat + lam * (u_target - v_hat)) - phi(v_hat), r_pre)
    rates = lam * np.outer(phi(u_target) - phi(v_hat), r_pre)
    return {
        "The slope φ'(v̂) is forgotten. Eq. 7 compares rates: φ(v̂ + ε) - φ(v̂) ≈ φ'(v̂) ε.": no_slope,
        "λ is missing: the target moves the soma by λ (u* - v̂) only.": no_lambda,
        "This is Eq. 7 exactly. Now take its first order in λ, to see the delta rule in it.": exact,
        "A difference of rates φ(u*) - φ(v̂) is not φ'(v̂)(u* - v̂) unless the target is near. "
        "Small is λ, not the error.": rates,
        "Transposed: rows are postsynaptic (outputs), columns presynaptic.": right.T,
    }


OUTPUT_UPDATE = Exercise(
    "4.2",
    "At the output: the delta rule",
    minutes=8,
    difficulty=2,
    solution=output_update,
    cases=_output_cases,
    mistakes=_output_mistakes,
    hints=(
        "Nudged, u = (1-λ) v̂ + λ u*. So u - v̂ = …?",
        "φ(u) - φ(v̂) ≈ φ'(v̂) (u - v̂) for small λ.",
        "lam * np.outer(phi.derivative(v_hat) * (…), r_pre)",
    ),
)


def error_below(w_down, slope, error_above, lam):
    """Shift (n,) of hidden somata, if those above, of slope φ' (m,), shift by ``error_above``."""
    v_apical = w_down @ (slope * error_above)  # Eq. 4 if self-predicting, to first order
    return lam * v_apical  # Eq. 1: the soma takes up λ_hid of it


def _error_cases(rng):
    def draw(n, m, lam):
        return rng.uniform(-1, 1, (n, m)), rng.uniform(0.05, 0.25, m), rng.uniform(-1, 1, m), lam

    w_down, slope, error, lam = draw(4, 4, 0.2)
    return {
        "5 cells below 3": draw(5, 3, 0.1),
        "2 cells below 6": draw(2, 6, 0.05),
        "4 cells below 4": (w_down, slope, error, lam),
        "no error above": (w_down, slope, 0 * error, lam),
    }


def _error_mistakes(w_down, slope, error_above, lam):
    right = error_below(w_down, slope, error_above, lam)
    no_slope = lam * w_down @ error_above
    v_apical = w_down @ (slope * error_above)
    squared = lam * right
    return {
        "The slope of the layer above is forgotten: what travels down are rates, and a rate "
        "changes by φ' times the shift of its potential.": no_slope,
        "This is v_A. The soma takes up λ of it.": v_apical,
        "The sign is flipped: v_A = w_down (φ(u_P) - φ(u_I)), the shifted layer above minus its "
        "prediction.": -right,
        "One λ a layer: that of the layers above is inside error_above already.": squared,
    }


ERROR_BELOW = Exercise(
    "4.3",
    "The error, one layer down",
    minutes=8,
    difficulty=2,
    solution=error_below,
    cases=_error_cases,
    mistakes=_error_mistakes,
    hints=(
        "In a self-predicting circuit v_A = w_down (φ(u + error) - φ(u)). First order?",
        "u_k = v̂_B + λ v_A: the soma shifts by λ v_A.",
    ),
)

EXERCISES = (MIXING, OUTPUT_UPDATE, ERROR_BELOW)
