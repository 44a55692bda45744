"""Exercises 3.1-3.3: rules of lateral synapses (Eqs. 8-9), and the low-pass filter behind them."""

from __future__ import annotations

import numpy as np

from dcm.exercises.checker.exercise import Curve, Exercise, random_conductances
from dcm.model.transfer import Logistic, SoftRectifier


def apical_rule(v_apical, r_inter):
    """Induction of w_pi, (n_pyramidal, n_interneurons): Eq. 9 without its rate; rest is 0."""
    return -np.outer(v_apical, r_inter)  # Eq. 9: (v_rest - v_A) r_I^T


def _apical_cases(rng):
    return {
        "4 cells, 3 interneurons": (rng.uniform(-1, 1, 4), rng.uniform(0, 1, 3)),
        "2 cells, 5 interneurons": (rng.uniform(-1, 1, 2), rng.uniform(0, 1, 5)),
        "silent dendrites": (np.zeros(4), rng.uniform(0, 1, 3)),
        "silent interneurons": (rng.uniform(-1, 1, 4), np.zeros(3)),
    }


def _apical_mistakes(v_apical, r_inter):
    away_from_rest = np.outer(v_apical, r_inter)
    transposed = -away_from_rest.T
    postsynaptic_only = -np.outer(v_apical, np.ones_like(r_inter))
    return {
        "The sign is flipped: a depolarised dendrite would get more excitation from interneurons, "
        "and v_A would grow without end. Eq. 9 drives it towards rest, v_rest - "
        "v_A.": away_from_rest,
        "Transposed: rows are postsynaptic (the apical dendrites), columns presynaptic "
        "(interneurons).": transposed,
        "The presynaptic rate is missing: a silent interneuron would change its synapses "
        "too.": postsynaptic_only,
        "Two slips: transposed, and with the sign flipped.": away_from_rest.T,
    }


_N_UPDATES = np.arange(31)


def _silencing(rule):
    rng = np.random.default_rng(2)
    drive = rng.uniform(-1, 1, 4)  # top-down input to four apical dendrites
    r_inter = rng.uniform(0, 1, 3)
    w_pi = np.zeros((4, 3))
    norms = []
    for _ in _N_UPDATES:
        v_apical = drive + w_pi @ r_inter  # Eq. 4
        norms.append(np.linalg.norm(v_apical))
        w_pi = w_pi + 0.1 * rule(v_apical, r_inter)  # Eq. 9, rate .1 [chosen]
    return norms


APICAL_RULE = Exercise(
    "3.1",
    "Silence the apical dendrite, Eq. 9",
    minutes=4,
    difficulty=1,
    solution=apical_rule,
    cases=_apical_cases,
    mistakes=_apical_mistakes,
    hints=(
        "Postsynaptic factor: distance of v_A from rest (0). Presynaptic factor: the interneuron's "
        "rate.",
        "np.outer(post, pre) has shape (n_post, n_pre).",
    ),
    curve=Curve(_N_UPDATES, _silencing, "updates with your rule", r"$\Vert v_A\Vert$"),
)


def interneuron_rule(u_inter, v_inter, r_pyr, g, phi):
    """Induction of w_ip, (n_interneurons, n_pyramidal): Eq. 8 without its rate."""
    v_hat = g.dendritic / (g.leak + g.dendritic) * v_inter  # what the dendrite alone predicts
    return np.outer(phi(u_inter) - phi(v_hat), r_pyr)  # Eq. 8


def _interneuron_cases(rng):
    def draw(n, m, phi, **fixed):
        potentials = rng.uniform(-2, 2, (2, n))
        r_pyr = rng.uniform(0, 1, m)
        return *potentials, r_pyr, random_conductances(rng, **fixed), phi

    u, v, r, g, phi = draw(3, 4, Logistic())
    return {
        "logistic φ": (u, v, r, g, phi),
        "soft rectifier": draw(2, 5, SoftRectifier(0.6, 1.0, 0.4)),
        "hardly any leak": draw(3, 4, Logistic(), leak=0.01),
        "soma as predicted": (g.attenuation_interneuron * v, v, r, g, phi),
    }


def _interneuron_mistakes(u_inter, v_inter, r_pyr, g, phi):
    def with_factor(factor):
        return np.outer(phi(u_inter) - phi(factor * v_inter), r_pyr)

    right = interneuron_rule(u_inter, v_inter, r_pyr, g, phi)
    unattenuated = with_factor(1.0)
    brackets_lost = with_factor(g.dendritic / g.leak + g.dendritic)
    nudged = with_factor(g.dendritic / (g.leak + g.dendritic + g.somatic))
    pyramidal_factor = with_factor(g.basal / (g.leak + g.basal))
    potentials = np.outer(u_inter - g.attenuation_interneuron * v_inter, r_pyr)
    return {
        "The attenuation is forgotten: the soma never reaches v_I itself, so the bracket would not "
        "vanish even for a perfect prediction. Use v̂_I = g_D/(g_lk+g_D) v_I.": unattenuated,
        "g_D / g_lk + g_D is read as (g_D / g_lk) + g_D: brackets around the denominator. One "
        "public re-implementation has this slip; its apical dendrites fell silent all the "
        "same.": brackets_lost,
        "The nudging conductance is in your v̂_I. The prediction is what the dendrite alone would "
        "do to the soma, without the layer above.": nudged,
        "g_B belongs to pyramidal cells. An interneuron's dendrite couples with "
        "g_D.": pyramidal_factor,
        "Potentials are compared; Eq. 8 compares rates: φ of both, then the "
        "difference.": potentials,
        "The sign is flipped: soma minus prediction, so that the prediction moves towards the "
        "soma.": -right,
        "Transposed: rows are postsynaptic (interneurons), columns presynaptic (pyramidal "
        "cells).": right.T,
    }


INTERNEURON_RULE = Exercise(
    "3.2",
    "Learn to predict the layer above, Eq. 8",
    minutes=7,
    difficulty=2,
    solution=interneuron_rule,
    cases=_interneuron_cases,
    mistakes=_interneuron_mistakes,
    hints=(
        "The general form, Eq. 6: (φ(soma) - φ(what the dendrite predicts)) times the presynaptic "
        "rate.",
        "v̂_I is the soma's steady state without nudging: du/dt = 0 in Eq. 2 with i_I = 0.",
        "np.outer(phi(u_inter) - phi(g.dendritic / (g.leak + g.dendritic) * v_inter), r_pyr)",
    ),
)


def filtered(delta, induction, dt, tau):
    """Δ after one Euler step of dΔ/dt = (-Δ + induction) / τ."""
    return delta + dt / tau * (induction - delta)  # a share dt/τ of Δ is replaced


def _filter_cases(rng):
    return {
        "random": (*rng.uniform(-1, 1, (2, 2, 3)), 0.1, 30.0),
        "larger step": (*rng.uniform(-1, 1, (2, 2, 3)), 2.0, 20.0),
        "no induction": (np.ones((2, 3)), np.zeros((2, 3)), 0.1, 30.0),
        "settled": (np.ones((2, 3)), np.ones((2, 3)), 0.1, 30.0),
    }


def _filter_mistakes(delta, induction, dt, tau):
    sum_only = delta + dt / tau * induction
    no_tau = delta + dt * (induction - delta)
    smaller_rate = dt / tau * induction
    change = dt / tau * (induction - delta)
    exchanged = induction + dt / tau * (delta - induction)
    return {
        "This sums up and never forgets: the -Δ of the equation is missing.": sum_only,
        "τ is missing: this filter forgets within 1 ms instead of 30.": no_tau,
        "This is no filter but a smaller learning rate, the old Δ is lost: one re-implementation "
        "did it.": smaller_rate,
        "This is the change of Δ. Return the new Δ: add the old one.": change,
        "Old and new are exchanged: a step keeps 1 - dt/τ of the old Δ, not of the "
        "induction.": exchanged,
    }


_TIMES = np.arange(0.0, 200.0)  # ms


def _pulse(step):
    delta = [0.0]
    for t in _TIMES[1:]:
        delta.append(step(delta[-1], float(t <= 60), 1.0, 30.0))
    return delta


FILTER = Exercise(
    "3.3",
    "Plasticity with a memory",
    minutes=4,
    difficulty=1,
    solution=filtered,
    cases=_filter_cases,
    mistakes=_filter_mistakes,
    hints=(
        "Euler: new = old + dt times the right-hand side.",
        "A settled filter (Δ = induction) stays.",
    ),
    curve=Curve(_TIMES, _pulse, "time (ms); induction is 1 until 60 ms", "Δ"),
)

EXERCISES = (APICAL_RULE, INTERNEURON_RULE, FILTER)
