"""Exercises 4.1-4.3: mixing factors, and the delta rule and backpropagated error that follow (Section 3.1)."""

from __future__ import annotations

import numpy as np

from dcm.exercises.checker.exercise import Exercise, Mistake, random_conductances
from dcm.model.conductances import Conductances
from dcm.model.transfer import Logistic, SoftRectifier


def mixing(g):
    """(λ_hid, λ_out, λ_I): the share of the apical dendrite, of the target, of the layer above in the soma it pulls."""
    return (
        g.apical / (g.leak + g.basal + g.apical),
        g.somatic / (g.leak + g.basal + g.somatic),
        g.somatic / (g.leak + g.dendritic + g.somatic),
    )


def output_update(v_hat, u_target, r_pre, lam, phi):
    """Eq. 7 at the output for a small λ: λ times the delta rule, (n_out, n_pre), to first order in λ."""
    return lam * np.outer(phi.derivative(v_hat) * (u_target - v_hat), r_pre)


def _output_cases(rng):
    def draw(n, m, lam, phi):
        return *rng.uniform(-2, 2, (2, n)), rng.uniform(0, 1, m), lam, phi

    v_hat, _, r_pre, lam, phi = draw(3, 4, 0.1, Logistic())
    return {
        "logistic φ": draw(3, 4, 0.1, Logistic()),
        "soft rectifier": draw(2, 5, 0.01, SoftRectifier(0.6, 1.0, 0.4)),
        "target met": (v_hat, v_hat, r_pre, lam, phi),
    }


def error_below(w_down, slope, error_above, lam):
    """Shift of the hidden somata, (n,), when those above shift by ``error_above`` (m,); ``slope`` is their φ'."""
    return lam * w_down @ (slope * error_above)


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


EXERCISES = (
    Exercise(
        "4.1", "Three mixing factors", "code", 5, 1, mixing,
        cases=lambda rng: {
            "random conductances": (random_conductances(rng),), "others": (random_conductances(rng),),
            "defaults": (Conductances(),), "no apical conductance": (random_conductances(rng, apical=0.0),),
        },
        mistakes=(
            Mistake(lambda g: (g.apical / (g.basal + g.apical), g.somatic / (g.basal + g.somatic),
                               g.somatic / (g.dendritic + g.somatic)),
                    "The leak is forgotten in the denominators."),
            Mistake(lambda g: (mixing(g)[0], mixing(g)[1], mixing(g)[1]),
                    "λ_hid and λ_out are right. An interneuron's own dendrite couples with g_D, not g_B."),
            Mistake(lambda g: tuple(1 - lam for lam in mixing(g)),
                    "These are 1 - λ, the share of all the rest."),
            Mistake(lambda g: (mixing(g)[0], g.somatic / (g.leak + g.basal + g.apical + g.somatic), mixing(g)[2]),
                    "λ_out holds g_A, but output cells have no apical compartment."),
        ),
        hints=("Steady state of Eqs. 1 and 2: a mean weighted by conductances. Take the weight of what teaches.",
               "λ = (conductance that teaches) / (sum of all conductances of that soma)"),
    ),
    Exercise(
        "4.2", "At the output: the delta rule", "code", 8, 2, output_update,
        cases=_output_cases,
        mistakes=(
            Mistake(lambda v_hat, u_target, r_pre, lam, phi: lam * np.outer(u_target - v_hat, r_pre),
                    "The slope φ'(v̂) is forgotten. Eq. 7 compares rates: φ(v̂ + ε) - φ(v̂) ≈ φ'(v̂) ε."),
            Mistake(lambda v_hat, u_target, r_pre, lam, phi: output_update(v_hat, u_target, r_pre, 1.0, phi),
                    "λ is missing: the target moves the soma by λ (u* - v̂) only."),
            Mistake(lambda v_hat, u_target, r_pre, lam, phi: np.outer(phi(v_hat + lam * (u_target - v_hat))
                                                                      - phi(v_hat), r_pre),
                    "This is Eq. 7 exactly. Now take its first order in λ, to see the delta rule in it."),
            Mistake(lambda v_hat, u_target, r_pre, lam, phi: lam * np.outer(phi(u_target) - phi(v_hat), r_pre),
                    "A difference of rates φ(u*) - φ(v̂) is not φ'(v̂)(u* - v̂) unless the target is near. Small is λ, "
                    "not the error."),
            Mistake(lambda v_hat, u_target, r_pre, lam, phi: output_update(v_hat, u_target, r_pre, lam, phi).T,
                    "Transposed: rows are postsynaptic (outputs), columns presynaptic."),
        ),
        hints=("Nudged, u = (1-λ) v̂ + λ u*. So u - v̂ = …?", "φ(u) - φ(v̂) ≈ φ'(v̂) (u - v̂) for small λ.",
               "lam * np.outer(phi.derivative(v_hat) * (…), r_pre)"),
    ),
    Exercise(
        "4.3", "The error, one layer down", "code", 8, 2, error_below,
        cases=_error_cases,
        mistakes=(
            Mistake(lambda w_down, slope, error_above, lam: lam * w_down @ error_above,
                    "The slope of the layer above is forgotten: what travels down are rates, and a rate changes by φ' "
                    "times the shift of its potential."),
            Mistake(lambda w_down, slope, error_above, lam: w_down @ (slope * error_above),
                    "This is v_A. The soma takes up λ of it."),
            Mistake(lambda w_down, slope, error_above, lam: -lam * w_down @ (slope * error_above),
                    "The sign is flipped: v_A = w_down (φ(u_P) - φ(u_I)), the shifted layer above minus its "
                    "prediction."),
            Mistake(lambda w_down, slope, error_above, lam: lam**2 * w_down @ (slope * error_above),
                    "One λ a layer: that of the layers above is inside error_above already."),
        ),
        hints=("In a self-predicting circuit v_A = w_down (φ(u + error) - φ(u)). First order?",
               "u_k = v̂_B + λ v_A: the soma shifts by λ v_A."),
    ),
)  # fmt: skip
