"""Exercises 3.1-3.3: the local rules of lateral synapses (Eqs. 8-9) and the low-pass filter of plasticity."""

from __future__ import annotations

import numpy as np

from dcm.exercises.checker.exercise import Curve, Exercise, Mistake, random_conductances
from dcm.model.transfer import Logistic, SoftRectifier


def apical_rule(v_apical, r_inter):
    """Induction of w_pi, (n_pyramidal, n_interneurons): Eq. 9 without its rate; rest is 0."""
    return -np.outer(v_apical, r_inter)


def _apical_cases(rng):
    return {
        "4 cells, 3 interneurons": (rng.uniform(-1, 1, 4), rng.uniform(0, 1, 3)),
        "2 cells, 5 interneurons": (rng.uniform(-1, 1, 2), rng.uniform(0, 1, 5)),
        "silent dendrites": (np.zeros(4), rng.uniform(0, 1, 3)),
        "silent interneurons": (rng.uniform(-1, 1, 4), np.zeros(3)),
    }


_SHOWN = np.arange(31)


def _silencing(rule):
    rng = np.random.default_rng(2)
    drive, r_inter, w_pi, norms = rng.uniform(-1, 1, 4), rng.uniform(0, 1, 3), np.zeros((4, 3)), []
    for _ in _SHOWN:
        v_apical = drive + w_pi @ r_inter
        norms.append(np.linalg.norm(v_apical))
        w_pi = w_pi + 0.1 * rule(v_apical, r_inter)
    return np.array(norms)


def interneuron_rule(u_inter, v_inter, r_pyr, g, phi):
    """Induction of w_ip, (n_interneurons, n_pyramidal): Eq. 8 without its rate."""
    v_hat = g.dendritic / (g.leak + g.dendritic) * v_inter
    return np.outer(phi(u_inter) - phi(v_hat), r_pyr)


def _wrong_prediction(factor):
    return lambda u_inter, v_inter, r_pyr, g, phi: np.outer(
        phi(u_inter) - phi(factor(g) * v_inter), r_pyr
    )


def _interneuron_cases(rng):
    def draw(n, m, phi, **fixed):
        return (
            *rng.uniform(-2, 2, (2, n)),
            rng.uniform(0, 1, m),
            random_conductances(rng, **fixed),
            phi,
        )

    u, v, r, g, phi = draw(3, 4, Logistic())
    return {
        "logistic φ": (u, v, r, g, phi),
        "soft rectifier": draw(2, 5, SoftRectifier(0.6, 1.0, 0.4)),
        "hardly any leak": draw(3, 4, Logistic(), leak=0.01),
        "soma as predicted": (g.attenuation_interneuron * v, v, r, g, phi),
    }


def filtered(delta, induction, dt, tau):
    """Δ after one Euler step of dΔ/dt = (-Δ + induction) / τ."""
    return delta + dt / tau * (induction - delta)


_TIMES = np.arange(0.0, 200.0)


def _pulse(step):
    delta = [0.0]
    for t in _TIMES[1:]:
        delta.append(step(delta[-1], float(t <= 60), 1.0, 30.0))
    return np.array(delta, dtype=float)


EXERCISES = (
    Exercise(
        "3.1", "Silence the apical dendrite, Eq. 9", "code", 4, 1, apical_rule,
        cases=_apical_cases,
        mistakes=(
            Mistake(lambda v_apical, r_inter: np.outer(v_apical, r_inter),
                    "The sign is flipped: a depolarised dendrite would get more excitation from interneurons, and "
                    "v_A would grow without end. Eq. 9 drives it towards rest, v_rest - v_A."),
            Mistake(lambda v_apical, r_inter: -np.outer(r_inter, v_apical),
                    "Transposed: rows are postsynaptic (the apical dendrites), columns presynaptic (interneurons)."),
            Mistake(lambda v_apical, r_inter: -np.outer(v_apical, np.ones_like(r_inter)),
                    "The presynaptic rate is missing: a silent interneuron would change its synapses too."),
            Mistake(lambda v_apical, r_inter: np.outer(r_inter, v_apical),
                    "Two slips: transposed, and with the sign flipped."),
        ),
        hints=("Postsynaptic factor: distance of v_A from rest (0). Presynaptic factor: the interneuron's rate.",
               "np.outer(post, pre) has shape (n_post, n_pre)."),
        curve=Curve(_SHOWN, _silencing, "updates with your rule", r"$\Vert v_A\Vert$"),
    ),
    Exercise(
        "3.2", "Learn to predict the layer above, Eq. 8", "code", 7, 2, interneuron_rule,
        cases=_interneuron_cases,
        mistakes=(
            Mistake(_wrong_prediction(lambda g: 1.0),
                    "The attenuation is forgotten: the soma never reaches v_I itself, so the bracket would not vanish "
                    "even for a perfect prediction. Use v̂_I = g_D/(g_lk+g_D) v_I."),
            Mistake(_wrong_prediction(lambda g: g.dendritic / g.leak + g.dendritic),
                    "g_D / g_lk + g_D is read as (g_D / g_lk) + g_D: brackets around the denominator. One public "
                    "re-implementation has this slip; its apical dendrites fell silent all the same."),
            Mistake(_wrong_prediction(lambda g: g.dendritic / (g.leak + g.dendritic + g.somatic)),
                    "The nudging conductance is in your v̂_I. The prediction is what the dendrite alone would do to "
                    "the soma, without the layer above."),
            Mistake(_wrong_prediction(lambda g: g.basal / (g.leak + g.basal)),
                    "g_B belongs to pyramidal cells. An interneuron's dendrite couples with g_D."),
            Mistake(lambda u_inter, v_inter, r_pyr, g, phi:
                    np.outer(u_inter - g.attenuation_interneuron * v_inter, r_pyr),
                    "Potentials are compared; Eq. 8 compares rates: φ of both, then the difference."),
            Mistake(lambda u_inter, v_inter, r_pyr, g, phi:
                    np.outer(phi(g.attenuation_interneuron * v_inter) - phi(u_inter), r_pyr),
                    "The sign is flipped: soma minus prediction, so that the prediction moves towards the soma."),
            Mistake(lambda u_inter, v_inter, r_pyr, g, phi: interneuron_rule(u_inter, v_inter, r_pyr, g, phi).T,
                    "Transposed: rows are postsynaptic (interneurons), columns presynaptic (pyramidal cells)."),
        ),
        hints=("The general form, Eq. 6: (φ(soma) - φ(what the dendrite predicts)) times the presynaptic rate.",
               "v̂_I is the soma's steady state without nudging: du/dt = 0 in Eq. 2 with i_I = 0.",
               "np.outer(phi(u_inter) - phi(g.dendritic / (g.leak + g.dendritic) * v_inter), r_pyr)"),
    ),
    Exercise(
        "3.3", "Plasticity with a memory", "code", 4, 1, filtered,
        cases=lambda rng: {
            "random": (rng.uniform(-1, 1, (2, 3)), rng.uniform(-1, 1, (2, 3)), 0.1, 30.0),
            "larger step": (rng.uniform(-1, 1, (2, 3)), rng.uniform(-1, 1, (2, 3)), 2.0, 20.0),
            "no induction": (np.ones((2, 3)), np.zeros((2, 3)), 0.1, 30.0),
            "settled": (np.ones((2, 3)), np.ones((2, 3)), 0.1, 30.0),
        },
        mistakes=(
            Mistake(lambda delta, induction, dt, tau: delta + dt / tau * induction,
                    "This sums up and never forgets: the -Δ of the equation is missing."),
            Mistake(lambda delta, induction, dt, tau: delta + dt * (induction - delta),
                    "τ is missing: this filter forgets within 1 ms instead of 30."),
            Mistake(lambda delta, induction, dt, tau: dt / tau * induction,
                    "This is no filter but a smaller learning rate, the old Δ is lost: one re-implementation did it."),
            Mistake(lambda delta, induction, dt, tau: dt / tau * (induction - delta),
                    "This is the change of Δ. Return the new Δ: add the old one."),
            Mistake(lambda delta, induction, dt, tau: induction + dt / tau * (delta - induction),
                    "Old and new are exchanged: a step keeps 1 - dt/τ of the old Δ, not of the induction."),
        ),
        hints=("Euler: new = old + dt times the right-hand side.", "A settled filter (Δ = induction) stays."),
        curve=Curve(_TIMES, _pulse, "time (ms); induction is 1 until 60 ms", "Δ"),
    ),
)  # fmt: skip
